import { dialog } from "./dialog.ts";
import { element } from "./dom.ts";
import { words } from "./words.ts";

/** What a key does. */
export interface Commands {
  readonly press: (down: boolean) => void;
  /** Whether space is for talking now. */
  readonly canPress: () => boolean;
  readonly enabled: () => boolean;
  readonly keys: Readonly<Record<string, () => void>>;
}

/** Listens to the keyboard; keys typed into a field, or with Ctrl, Alt or Meta, are left alone. */
export function listenToKeys(commands: Commands): void {
  let held = false;
  const release = (): void => {
    if (!held) return;
    held = false;
    commands.press(false);
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || !commands.enabled())
      return;
    if (writes(event.target)) return;
    if (event.key === " ") {
      if (!commands.canPress() || activates(event.target)) return;
      event.preventDefault();
      if (!event.repeat && !held) {
        held = true;
        commands.press(true);
      }
      return;
    }
    if (event.repeat) return;
    const command = commands.keys[event.key.toLowerCase()];
    if (command) {
      event.preventDefault();
      command();
    }
  });
  document.addEventListener("keyup", (event) => {
    if (event.key === " ") release();
  });
  window.addEventListener("blur", release);
}

/** The list of keys. */
export function shortcutsDialog(): HTMLDialogElement {
  const rows = words.shortcuts.list.flatMap(([key, meaning]) => [
    element("dt", {}, element("kbd", {}, key)),
    element("dd", {}, meaning),
  ]);
  return dialog(
    words.shortcuts.title,
    "shortcuts",
    element("dl", {}, ...rows),
    element("p", { class: "hint" }, words.shortcuts.off),
  );
}

function writes(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type !== "checkbox" && target.type !== "button";
  return (
    target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable
  );
}

/** Space already does something on these. */
function activates(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("button:not(.hold), input, summary, a") !== null;
}
