import type { Conversation, Options, StartChoice, View } from "../conversation/contract.ts";
import { Banner } from "./banner.ts";
import { Captions } from "./captions.ts";
import { Controls } from "./controls.ts";
import { toggle } from "./dialog.ts";
import { element, iconButton, relabel } from "./dom.ts";
import { OwnHead } from "./own-head.ts";
import { LIVELIEST, PreferenceStore, storage } from "./preferences.ts";
import { Problems } from "./problems.ts";
import { Scene } from "./scene.ts";
import { Settings } from "./settings.ts";
import { listenToKeys, shortcutsDialog } from "./shortcuts.ts";
import { chosenPersona, StartPanel } from "./start-panel.ts";
import { Status } from "./status.ts";
import { words } from "./words.ts";

/** Called after each drawn frame: its time (performance.now()) and the ms of the main thread that it took. */
export type FrameListener = (now: number, cost: number) => void;

/** Build the page inside `root` and keep it in step with the conversation. */
export function mount(root: HTMLElement, conversation: Conversation, onFrame?: FrameListener): void {
  const preferences = new PreferenceStore(storage());
  const news = new Banner("status");
  const trouble = new Banner("alert");
  const scene = new Scene(conversation, preferences, trouble);
  if (scene.stage && onFrame) scene.stage.onFrame = onFrame;
  let options: Options | null = null;
  let before: View["phase"] | null = null;

  const choice = (consent = false): StartChoice => {
    const now = preferences.value;
    return {
      ...(options ? { persona: chosenPersona(options, now.persona) } : {}),
      ...(now.voice !== null && options?.voices.some(({ name }) => name === now.voice)
        ? { voice: now.voice }
        : {}),
      microphone: now.speaks ? now.microphone : null,
      consent,
    };
  };
  let consented = false;
  const start = (consent: boolean): void => {
    consented = consent;
    const { talkMode, volume, loudspeaker } = preferences.value;
    conversation.setTalkMode(talkMode);
    conversation.setVolume(volume);
    void conversation
      .start(choice(consent))
      .then(() => (loudspeaker === "" ? undefined : conversation.setLoudspeaker(loudspeaker)));
  };

  const status = new Status();
  const captions = new Captions();
  const controls = new Controls(conversation, preferences);
  const problems = new Problems(
    conversation,
    () => choice(consented),
    () => {
      controls.message.focus();
    },
  );
  const ownHead = new OwnHead(
    news,
    trouble,
    (bytes) => scene.read(bytes),
    (head) => {
      scene.showOwn(head);
    },
  );
  const settings = new Settings(conversation, preferences, {
    restart: () => {
      conversation.stop();
      start(consented);
    },
    chooseHead: () => {
      ownHead.choose();
    },
    resetHead: () => {
      scene.reset(conversation.view);
    },
    calm: () => scene.calm,
  });
  scene.onOwn = (own) => {
    settings.ownHead(own);
  };
  const help = shortcutsDialog();
  const panel = new StartPanel(conversation, preferences, start, (offered) => {
    options = offered;
    settings.offer(offered);
    scene.offer(offered, conversation.view);
    update(conversation.view);
  });

  const openSettings = (): void => {
    toggle(settings.root);
    if (settings.root.open) void settings.listDevices();
  };
  const { buttons, fullScreen } = topButtons(openSettings, () => {
    toggle(help);
  });
  const page = element(
    "div",
    { class: "page" },
    scene.root,
    element(
      "header",
      { class: "top" },
      status.root,
      element("div", { class: "corner" }, status.quality, buttons),
    ),
    element("div", { class: "banners" }, problems.banner.root, trouble.root, news.root),
    element("main", { class: "main" }, scene.free, panel.root, captions.root),
    controls.root,
    ownHead.root,
    ownHead.input,
    settings.root,
    settings.confirm,
    help,
  );
  root.replaceChildren(page);

  const apply = (): void => {
    const now = preferences.value;
    document.documentElement.dataset["theme"] = now.theme;
    document.documentElement.dataset["calm"] = scene.calm.toString();
    page.classList.toggle("uncaptioned", !now.captions);
  };
  preferences.subscribe((now, before) => {
    apply();
    if (now.persona !== before.persona) update(conversation.view);
    if (now.talkMode !== before.talkMode) conversation.setTalkMode(now.talkMode);
    if (now.volume !== before.volume) conversation.setVolume(now.volume);
  });
  apply();
  function update(latest: View): void {
    const view = named(latest, options, preferences.value.persona);
    page.dataset["phase"] = view.phase;
    page.dataset["floor"] = view.floor;
    status.update(view);
    captions.update(view);
    controls.update(view);
    panel.update(view);
    problems.update(view);
    scene.update(view);
    if (view.phase !== before) follow(before, view, controls, panel);
    before = view.phase;
  }
  conversation.subscribe(update);
  update(conversation.view);

  const dial = (step: number): void => {
    const intensity = Math.min(Math.max(preferences.value.intensity + step, 0), LIVELIEST);
    preferences.set({ intensity: Math.round(20 * intensity) / 20 });
  };
  listenToKeys({
    enabled: () => preferences.value.shortcuts && document.querySelector("dialog[open]") === null,
    canPress: () =>
      conversation.view.phase === "open" &&
      conversation.view.talkMode === "push" &&
      conversation.view.microphone === "on",
    press: (down) => {
      controls.press(down);
    },
    keys: {
      m: () => {
        if (conversation.view.phase === "open") controls.toggle();
      },
      t: () => {
        controls.message.focus();
      },
      c: () => {
        preferences.set({ captions: !preferences.value.captions });
      },
      f: fullScreen,
      s: openSettings,
      r: () => {
        preferences.set({ calm: !scene.calm });
      },
      "+": () => {
        dial(0.1);
      },
      "=": () => {
        dial(0.1);
      },
      "-": () => {
        dial(-0.1);
      },
      "?": () => {
        toggle(help);
      },
    },
  });
}

/** Before a conversation, the name is that of the persona chosen. */
function named(view: View, options: Options | null, preferred: string | null): View {
  if (!options || view.phase === "open" || view.phase === "reconnecting") return view;
  const chosen = chosenPersona(options, preferred);
  const title = options.personas.find(({ name }) => name === chosen)?.title;
  return title === undefined ? view : { ...view, persona: title };
}

/** When the conversation begins or ends, the focus goes along, unless it is already somewhere that stays. */
function follow(before: View["phase"] | null, view: View, controls: Controls, panel: StartPanel): void {
  const at = document.activeElement;
  const lost =
    at === null || at === document.body || !(at instanceof HTMLElement) || at.offsetParent === null;
  if (before === null || !(lost || panel.root.contains(at))) return;
  if (view.phase === "open" && before === "connecting") controls.message.focus({ preventScroll: true });
}

function topButtons(
  settings: () => void,
  help: () => void,
): { buttons: HTMLElement; fullScreen: () => void } {
  const fullScreen = (): void => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void document.documentElement.requestFullscreen();
  };
  const expand = iconButton("expand", words.controls.fullScreen);
  expand.hidden = !document.fullscreenEnabled; // an iPhone can't
  expand.addEventListener("click", fullScreen);
  document.addEventListener("fullscreenchange", () => {
    const full = document.fullscreenElement !== null;
    relabel(
      expand,
      full ? "shrink" : "expand",
      full ? words.controls.leaveFullScreen : words.controls.fullScreen,
    );
  });
  const list = iconButton("help", words.controls.help);
  list.addEventListener("click", help);
  const open = iconButton("settings", words.controls.settings);
  open.addEventListener("click", settings);
  return {
    buttons: element("div", { class: "buttons" }, list, expand, open),
    fullScreen: expand.hidden ? () => undefined : fullScreen,
  };
}
