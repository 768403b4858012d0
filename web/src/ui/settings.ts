import type { Conversation, Options } from "../conversation/contract.ts";
import { dialog } from "./dialog.ts";
import { element, field, fill, say } from "./dom.ts";
import { LIVELIEST, type PreferenceStore, type Theme } from "./preferences.ts";
import { chosenPersona } from "./start-panel.ts";
import { words } from "./words.ts";

const text = words.settings;
/** Stands for no microphone among devices. */
const NONE = "none";

/** What the settings need done elsewhere. */
export interface Doing {
  /** Begin a new conversation with what is chosen now. */
  readonly restart: () => void;
  readonly chooseHead: () => void;
  readonly resetHead: () => void;
  readonly calm: () => boolean;
}

/** Everything that can be set, in one sheet. */
export class Settings {
  readonly root: HTMLDialogElement;
  readonly confirm: HTMLDialogElement;
  private readonly persona = element("select");
  private readonly voice = element("select");
  private readonly microphone = element("select");
  private readonly loudspeaker = element("select");
  private readonly talkMode = element("select");
  private readonly theme = element("select");
  private readonly volume = range(1, 0.01);
  private readonly intensity = range(LIVELIEST, 0.05);
  private readonly intensityValue = element("output");
  private readonly calm = element("input", { type: "checkbox" });
  private readonly captions = element("input", { type: "checkbox" });
  private readonly shortcuts = element("input", { type: "checkbox" });
  private readonly reset = button(text.resetHead);
  private options: Options | null = null;

  constructor(
    private readonly conversation: Conversation,
    private readonly preferences: PreferenceStore,
    private readonly doing: Doing,
  ) {
    const choose = button(text.chooseHead);
    const intensity = field(text.intensity, this.intensity);
    this.intensityValue.htmlFor.add(this.intensity.id);
    intensity.append(this.intensityValue);
    this.root = dialog(
      text.title,
      "settings",
      group(text.conversation, field(text.persona, this.persona), field(text.voice, this.voice)),
      group(
        text.sound,
        field(text.microphone, this.microphone),
        field(text.talkMode, this.talkMode),
        field(text.loudspeaker, this.loudspeaker),
        field(text.volume, this.volume),
      ),
      group(
        text.face,
        intensity,
        tick(text.reduceMotion, this.calm, text.reduceMotionHint),
        element(
          "div",
          { class: "own-head" },
          element("p", {}, text.ownHead),
          choose,
          this.reset,
          element("p", { class: "hint" }, text.ownHeadHint),
        ),
      ),
      group(
        text.look,
        field(text.theme, this.theme),
        tick(text.captions, this.captions),
        tick(text.shortcuts, this.shortcuts),
      ),
    );
    this.confirm = this.makeConfirm();
    fill(
      this.talkMode,
      [
        ["open", text.open],
        ["push", text.push],
      ],
      "open",
    );
    fill(
      this.theme,
      [
        ["auto", text.auto],
        ["dark", text.dark],
        ["light", text.light],
      ],
      "auto",
    );
    choose.addEventListener("click", doing.chooseHead);
    this.reset.addEventListener("click", doing.resetHead);
    this.reset.hidden = true;
    this.listen();
    preferences.subscribe(() => {
      this.refresh();
    });
    this.refresh();
  }

  /** What the server offers has become known. */
  offer(options: Options): void {
    this.options = options;
    this.refresh();
  }

  /** Whether an own head is on the stage. */
  ownHead(shown: boolean): void {
    this.reset.hidden = !shown;
  }

  /** Ask the browser which devices there are; their names are known once the microphone was allowed. */
  async listDevices(): Promise<void> {
    const { microphones, loudspeakers } = await this.conversation.devices();
    const named = (devices: typeof microphones): [string, string][] => [
      ["", text.standard],
      ...devices
        .filter(({ name, title }) => name !== "" && name !== "default" && title !== "")
        .map(({ name, title }): [string, string] => [name, title]),
    ];
    const { speaks, microphone, loudspeaker } = this.preferences.value;
    fill(this.microphone, [...named(microphones), [NONE, text.noMicrophone]], speaks ? microphone : NONE);
    fill(this.loudspeaker, named(loudspeakers), loudspeaker);
  }

  private listen(): void {
    const { conversation, preferences } = this;
    on(this.microphone, () => {
      const device = this.microphone.value;
      preferences.set(device === NONE ? { speaks: false } : { speaks: true, microphone: device });
      if (conversation.view.phase === "open")
        void conversation.setMicrophone(device === NONE ? null : device);
    });
    on(this.loudspeaker, () => {
      preferences.set({ loudspeaker: this.loudspeaker.value });
      void conversation.setLoudspeaker(this.loudspeaker.value);
    });
    on(this.talkMode, () => {
      preferences.set({ talkMode: this.talkMode.value === "push" ? "push" : "open" });
    });
    on(this.theme, () => {
      preferences.set({ theme: this.theme.value as Theme });
    });
    this.volume.addEventListener("input", () => {
      preferences.set({ volume: this.volume.valueAsNumber });
    });
    this.intensity.addEventListener("input", () => {
      preferences.set({ intensity: this.intensity.valueAsNumber });
    });
    on(this.calm, () => {
      preferences.set({ calm: this.calm.checked });
    });
    on(this.captions, () => {
      preferences.set({ captions: this.captions.checked });
    });
    on(this.shortcuts, () => {
      preferences.set({ shortcuts: this.shortcuts.checked });
    });
    for (const select of [this.persona, this.voice]) {
      on(select, () => {
        if (conversation.view.phase === "open" || conversation.view.phase === "reconnecting")
          this.confirm.showModal();
        else this.keepChoice();
      });
    }
  }

  private keepChoice(): void {
    const persona = this.persona.value;
    const changed =
      persona !== (this.options ? chosenPersona(this.options, this.preferences.value.persona) : null);
    // A voice chosen for someone else isn't kept.
    this.preferences.set({ persona, voice: changed || this.voice.value === "" ? null : this.voice.value });
  }

  private makeConfirm(): HTMLDialogElement {
    const yes = element("button", { type: "button", class: "begin" }, text.changeYes);
    const no = button(text.changeNo);
    const sheet = dialog(
      text.changeTitle,
      "confirm",
      element("p", {}, text.change),
      element("div", { class: "actions" }, no, yes),
    );
    yes.addEventListener("click", () => {
      this.keepChoice();
      sheet.close();
      this.root.close();
      this.doing.restart();
    });
    no.addEventListener("click", () => {
      sheet.close();
    });
    sheet.addEventListener("close", () => {
      this.refresh(); // back to what is in force
    });
    return sheet;
  }

  private refresh(): void {
    const now = this.preferences.value;
    if (this.options && !this.confirm.open) {
      const { personas, voices } = this.options;
      fill(
        this.persona,
        personas.map(({ name, title }) => [name, title] as const),
        chosenPersona(this.options, now.persona),
      );
      fill(
        this.voice,
        [["", words.start.own], ...voices.map(({ name, title }) => [name, title] as const)],
        now.voice ?? "",
      );
    }
    this.talkMode.value = now.talkMode;
    this.theme.value = now.theme;
    this.volume.value = now.volume.toString();
    this.intensity.value = now.intensity.toString();
    say(this.intensityValue, text.intensityValue(now.intensity));
    this.intensity.setAttribute("aria-valuetext", text.intensityValue(now.intensity));
    this.calm.checked = this.doing.calm();
    this.captions.checked = now.captions;
    this.shortcuts.checked = now.shortcuts;
  }
}

function on(node: HTMLElement, change: () => void): void {
  node.addEventListener("change", change);
}

function button(label: string): HTMLButtonElement {
  return element("button", { type: "button", class: "plain" }, label);
}

function range(most: number, step: number): HTMLInputElement {
  return element("input", { type: "range", min: "0", max: most.toString(), step: step.toString() });
}

function group(title: string, ...children: readonly Node[]): HTMLElement {
  return element("fieldset", { class: "group" }, element("legend", {}, title), ...children);
}

function tick(label: string, box: HTMLInputElement, hint?: string): HTMLElement {
  const row = field(label, box, hint);
  row.classList.add("tick");
  return row;
}
