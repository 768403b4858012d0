import { element, iconButton, say } from "./dom.ts";
import { words } from "./words.ts";

export interface Action {
  readonly label: string;
  readonly run: () => void;
}

/** One message at the top: what happened, what to do, and buttons that do it. */
export class Banner {
  readonly root: HTMLElement;
  private readonly title = element("p", { class: "title" });
  private readonly remedy = element("p", { class: "remedy" });
  private readonly actions = element("div", { class: "actions" });
  private readonly body: HTMLElement;
  private shown = "";

  /** `role`: "alert" for what went wrong, "status" for the rest. */
  constructor(role: "alert" | "status") {
    this.body = element(
      "div",
      { class: "message-box", hidden: true },
      element("div", {}, this.title, this.remedy),
      this.actions,
    );
    this.root = element("div", { class: role === "alert" ? "banner alert" : "banner", role }, this.body);
  }

  show(title: string, remedy: string, actions: readonly Action[], dismiss: (() => void) | null): void {
    const key = JSON.stringify([title, remedy, actions.map((action) => action.label)]);
    if (key === this.shown) return;
    this.shown = key;
    this.actions.replaceChildren(
      ...actions.map(({ label, run }) => {
        const button = element("button", { type: "button", class: "plain" }, label);
        button.addEventListener("click", run);
        return button;
      }),
    );
    if (dismiss) {
      const close = iconButton("close", words.problem.dismiss);
      close.addEventListener("click", dismiss);
      this.actions.append(close);
    }
    this.body.hidden = false;
    say(this.title, title);
    say(this.remedy, remedy);
  }

  hide(): void {
    if (this.shown === "") return;
    this.shown = "";
    this.body.hidden = true;
    say(this.title, "");
    say(this.remedy, "");
    this.actions.replaceChildren();
  }
}
