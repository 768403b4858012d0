import type { Conversation, View } from "../conversation/contract.ts";
import { element, iconButton, relabel, say } from "./dom.ts";
import type { PreferenceStore } from "./preferences.ts";
import { words } from "./words.ts";

/** The longest message that can be written at once. */
const LONGEST = 2000;

/** What the thumb reaches: microphone, writing, the end. */
export class Controls {
  readonly root: HTMLElement;
  readonly message: HTMLInputElement;
  private readonly microphone = iconButton("microphone", words.controls.mute, { class: "round microphone" });
  private readonly hold = element("button", { type: "button", class: "hold" }, words.controls.hold);
  private readonly mode = iconButton("hand", words.controls.holdMode, {
    "aria-pressed": "false",
    "aria-description": words.controls.holdHint,
  });
  private readonly send = iconButton("send", words.controls.send, { type: "submit", class: "round send" });

  constructor(
    private readonly conversation: Conversation,
    private readonly preferences: PreferenceStore,
  ) {
    this.message = element("input", {
      type: "text",
      class: "message",
      maxlength: LONGEST.toString(),
      autocomplete: "off",
      enterkeyhint: "send",
      "aria-label": words.controls.write,
    });
    const form = element("form", { class: "write" }, this.message, this.send);
    const end = iconButton("end", words.controls.end, { class: "round end" });
    this.root = element(
      "footer",
      { class: "controls", "aria-label": words.controls.label },
      this.microphone,
      this.hold,
      this.mode,
      form,
      end,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.message.value.trim();
      if (text === "") return;
      conversation.say(text);
      this.message.value = "";
    });
    this.microphone.addEventListener("click", () => {
      this.toggle();
    });
    this.mode.addEventListener("click", () => {
      preferences.set({ talkMode: conversation.view.talkMode === "push" ? "open" : "push" });
    });
    end.addEventListener("click", () => {
      conversation.stop();
    });
    this.listenToHold();
  }

  /** Mute, unmute, or turn the microphone on. */
  toggle(): void {
    const { microphone, muted } = this.conversation.view;
    if (microphone === "on") this.conversation.setMuted(!muted);
    else if (microphone !== "asking") {
      this.preferences.set({ speaks: true });
      void this.conversation.setMicrophone(this.preferences.value.microphone);
    }
  }

  press(down: boolean): void {
    this.hold.classList.toggle("down", down);
    say(this.hold, down ? words.controls.held : words.controls.hold);
    this.conversation.press(down);
  }

  update(view: View): void {
    const on = view.microphone === "on";
    const push = view.talkMode === "push" && on;
    this.microphone.hidden = push;
    this.hold.hidden = !push;
    this.mode.hidden = !on;
    this.mode.setAttribute("aria-pressed", (view.talkMode === "push").toString());
    if (!on) {
      relabel(
        this.microphone,
        "muted",
        view.microphone === "asking" ? words.controls.asking : words.controls.microphoneOn,
      );
    } else
      relabel(
        this.microphone,
        view.muted ? "muted" : "microphone",
        view.muted ? words.controls.unmute : words.controls.mute,
      );
    this.microphone.classList.toggle("off", !on || view.muted);
    const level = on && !view.muted ? Math.min(view.level, 1) : 0;
    this.root.style.setProperty("--level", level.toFixed(2));
    const placeholder = words.controls.placeholder(view.persona);
    if (this.message.placeholder !== placeholder) this.message.placeholder = placeholder;
  }

  private listenToHold(): void {
    this.hold.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.hold.setPointerCapture(event.pointerId);
      this.press(true);
    });
    for (const type of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
      this.hold.addEventListener(type, () => {
        if (this.hold.classList.contains("down")) this.press(false);
      });
    }
    this.hold.addEventListener("contextmenu", (event) => {
      event.preventDefault(); // a long touch is for talking
    });
    this.hold.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.repeat) this.press(true);
    });
    this.hold.addEventListener("keyup", (event) => {
      if (event.key === "Enter") this.press(false);
    });
    this.hold.addEventListener("blur", () => {
      if (this.hold.classList.contains("down")) this.press(false);
    });
  }
}
