import { ICONS, type IconName } from "./icons.ts";

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes (true stands for an empty one, false for none) and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | boolean>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** A drawing for the eye only; what it means is said in words beside it. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows an icon and says `label`. */
export function iconButton(
  name: IconName,
  label: string,
  attributes: Readonly<Record<string, string>> = {},
): HTMLButtonElement {
  return element(
    "button",
    { type: "button", class: "round", "aria-label": label, title: label, ...attributes },
    icon(name),
  );
}

/** Change what a button shows and says. */
export function relabel(button: HTMLButtonElement, name: IconName, label: string): void {
  if (button.getAttribute("aria-label") === label) return;
  button.setAttribute("aria-label", label);
  button.title = label;
  button.querySelector("path")?.setAttribute("d", ICONS[name]);
}

/** Set text only where it differs, so that nothing is announced or laid out twice. */
export function say(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

let labels = 0;

/** A label and its field in a row. */
export function field(label: string, input: HTMLElement, hint?: string): HTMLDivElement {
  labels += 1;
  input.id = `field-${labels.toString()}`;
  const row = element("div", { class: "field" }, element("label", { for: input.id }, label), input);
  if (hint !== undefined) {
    const note = element("p", { class: "hint", id: `${input.id}-hint` }, hint);
    input.setAttribute("aria-describedby", note.id);
    row.append(note);
  }
  return row;
}

/** Fill a select; keeps `chosen` if it is among the options. */
export function fill(
  select: HTMLSelectElement,
  options: readonly (readonly [string, string])[],
  chosen: string,
): void {
  const same =
    select.options.length === options.length &&
    options.every(
      ([value, text], i) => select.options[i]?.value === value && select.options[i].text === text,
    );
  if (!same) select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}
