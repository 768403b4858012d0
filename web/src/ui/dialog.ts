import { element, iconButton } from "./dom.ts";
import { words } from "./words.ts";

/** A modal sheet with a title and a way out: the browser keeps the focus inside and gives it back. */
export function dialog(title: string, className: string, ...children: readonly Node[]): HTMLDialogElement {
  const close = iconButton("close", words.controls.close);
  const id = `${className}-title`;
  const sheet = element(
    "dialog",
    { class: className, "aria-labelledby": id },
    element("header", {}, element("h2", { id }, title), close),
    ...children,
  );
  close.addEventListener("click", () => {
    sheet.close();
  });
  sheet.addEventListener("click", (event) => {
    if (event.target === sheet) sheet.close(); // beside the sheet
  });
  return sheet;
}

/** Open it, or close it if it is open; another open sheet makes way. */
export function toggle(sheet: HTMLDialogElement): void {
  if (sheet.open) {
    sheet.close();
    return;
  }
  for (const other of document.querySelectorAll<HTMLDialogElement>("dialog[open]")) other.close();
  sheet.showModal();
}
