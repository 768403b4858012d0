import type { Conversation, Options, View } from "../conversation/contract.ts";
import { element, fill, field, say } from "./dom.ts";
import type { PreferenceStore } from "./preferences.ts";
import { words } from "./words.ts";

/** Who to talk with, how, and the button that begins. */
export class StartPanel {
  readonly root: HTMLElement;
  private readonly form = element("form");
  private readonly personas = element("fieldset", { class: "cards" });
  private readonly voice = element("select");
  private readonly voiceRow: HTMLElement;
  private readonly consent = element("input", { type: "checkbox", id: "consent" });
  private readonly consentRow: HTMLElement;
  private readonly begin = element("button", { type: "submit", class: "begin" }, words.start.begin);
  private readonly note = element("div", { class: "note", role: "status" });
  private options: Options | null = null;

  /** `start` begins the conversation as chosen. */
  constructor(
    private readonly conversation: Conversation,
    private readonly preferences: PreferenceStore,
    private readonly start: (consents: boolean) => void,
    private readonly arrived: (options: Options) => void,
  ) {
    this.voiceRow = field(words.start.voice, this.voice);
    this.consentRow = element(
      "div",
      { class: "consent", hidden: true },
      element("p", {}, words.start.recorded),
      element(
        "div",
        { class: "tick" },
        this.consent,
        element("label", { for: "consent" }, words.start.consent),
      ),
    );
    this.form.append(
      this.personas,
      this.voiceRow,
      this.ways(),
      this.consentRow,
      this.begin,
      element("p", { class: "privacy" }, `${words.start.privacy} ${words.start.headphones}`),
    );
    this.root = element(
      "section",
      { class: "start", "aria-labelledby": "start-title" },
      element("h1", { id: "start-title" }, words.start.title),
      element("p", { class: "lead" }, words.start.lead),
      this.note,
      this.form,
    );
    this.form.hidden = true;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.start(this.consent.checked);
    });
    this.voice.addEventListener("change", () => {
      preferences.set({ voice: this.voice.value === "" ? null : this.voice.value });
    });
    preferences.subscribe(() => {
      this.refresh();
    });
    void this.ask();
  }

  update(view: View): void {
    const waiting = view.phase === "connecting";
    this.begin.disabled = waiting;
    this.root.classList.toggle("waiting", waiting);
    say(
      this.begin,
      waiting
        ? words.start.connecting
        : this.preferences.value.speaks
          ? words.start.begin
          : words.start.beginText,
    );
  }

  /** Ask the server who is there; shows in words when it can't be reached. */
  private async ask(): Promise<void> {
    say(this.note, words.start.fetching);
    try {
      this.options = await this.conversation.options();
    } catch (error) {
      console.warn("options", error);
      const again = element("button", { type: "button", class: "plain" }, words.start.again);
      again.addEventListener("click", () => void this.ask());
      this.note.replaceChildren(element("p", {}, words.start.unreachable), again);
      return;
    }
    say(this.note, "");
    this.form.hidden = false;
    this.consentRow.hidden = !this.options.recording;
    this.showPersonas(this.options);
    this.refresh();
    this.arrived(this.options);
  }

  private showPersonas(options: Options): void {
    const chosen = chosenPersona(options, this.preferences.value.persona);
    this.personas.replaceChildren(
      element("legend", {}, words.start.persona),
      ...options.personas.map(({ name, title, detail }) => {
        const radio = element("input", {
          type: "radio",
          name: "persona",
          value: name,
          id: `persona-${name}`,
        });
        radio.checked = name === chosen;
        radio.addEventListener("change", () => {
          this.preferences.set({ persona: name, voice: null });
        });
        return card(radio, title, detail);
      }),
    );
    this.personas.hidden = options.personas.length === 0;
  }

  private refresh(): void {
    const { options } = this;
    if (!options) return;
    const { voice, persona, speaks } = this.preferences.value;
    fill(
      this.voice,
      [["", words.start.own], ...options.voices.map((one) => [one.name, one.title] as const)],
      voice ?? "",
    );
    this.voiceRow.hidden = options.voices.length < 2;
    const chosen = chosenPersona(options, persona);
    for (const radio of this.form.querySelectorAll<HTMLInputElement>("input[name=persona]"))
      radio.checked = radio.value === chosen;
    for (const radio of this.form.querySelectorAll<HTMLInputElement>("input[name=way]")) {
      radio.checked = (radio.value === "voice") === speaks;
    }
    this.update(this.conversation.view);
  }

  private ways(): HTMLElement {
    const way = (value: string, title: string, detail: string): HTMLElement => {
      const radio = element("input", { type: "radio", name: "way", value, id: `way-${value}` });
      radio.addEventListener("change", () => {
        this.preferences.set({ speaks: value === "voice" });
      });
      return card(radio, title, detail);
    };
    return element(
      "fieldset",
      { class: "cards" },
      element("legend", {}, words.start.how),
      way("voice", words.start.microphone, words.start.microphoneDetail),
      way("text", words.start.text, words.start.textDetail),
    );
  }
}

/** The persona that was chosen before, if the server still has it, else the server's own. */
export function chosenPersona(options: Options, preferred: string | null): string {
  return options.personas.some(({ name }) => name === preferred) && preferred !== null
    ? preferred
    : options.persona;
}

function card(radio: HTMLInputElement, title: string, detail: string): HTMLElement {
  const text = element("label", { for: radio.id }, element("strong", {}, title), element("span", {}, detail));
  return element("div", { class: "card" }, radio, text);
}
