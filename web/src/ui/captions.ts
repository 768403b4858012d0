import type { Caption, View } from "../conversation/contract.ts";
import { element, icon, say } from "./dom.ts";
import { words } from "./words.ts";

/** Captions shown at most; older ones go. */
const SHOWN = 60;

/** What both sides say, as they say it. */
export class Captions {
  readonly root: HTMLElement;
  private readonly list = element("ol", { class: "said" });
  private readonly empty = element("p", { class: "empty" }, words.captions.empty);
  /** Reads out what is final, once; the list itself would be read at every word. */
  private readonly spoken = element("div", { class: "unseen", "aria-live": "polite" });
  private readonly rows = new Map<number, Row>();
  private readonly announced = new Set<number>();
  /** Whether the newest words are in sight; reading back unpins. */
  private pinned = true;
  private shown: readonly Caption[] | null = null;

  constructor() {
    const scroller = element(
      "div",
      { class: "scroller", tabindex: "0", role: "region", "aria-label": words.captions.label },
      this.empty,
      this.list,
    );
    this.root = element("section", { class: "captions" }, scroller, this.spoken);
    // Less room, or a line that wraps: the newest words stay in sight.
    const follow = new ResizeObserver(() => {
      if (this.pinned) scroller.scrollTop = scroller.scrollHeight;
    });
    follow.observe(scroller);
    follow.observe(this.list);
    scroller.addEventListener("scroll", () => {
      this.pinned = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 48;
    });
  }

  update(view: View): void {
    if (view.captions === this.shown) return;
    this.shown = view.captions;
    const captions = view.captions.filter((caption) => caption.text !== "").slice(-SHOWN);
    const kept = new Set(captions.map((caption) => caption.id));
    for (const [id, row] of this.rows) {
      if (kept.has(id)) continue;
      row.root.remove();
      this.rows.delete(id);
      this.announced.delete(id);
    }
    this.empty.hidden = captions.length > 0;
    for (const caption of captions) {
      let row = this.rows.get(caption.id);
      if (!row) {
        row = new Row(caption, view.persona);
        this.rows.set(caption.id, row);
        this.list.append(row.root);
      }
      row.update(caption);
      this.announce(caption, view.persona);
    }
  }

  private announce(caption: Caption, name: string): void {
    if (!caption.final || caption.typed || this.announced.has(caption.id)) return;
    this.announced.add(caption.id);
    const speaker = caption.speaker === "user" ? words.captions.you : name;
    this.spoken.append(element("p", {}, `${speaker}: ${caption.text}`));
    while (this.spoken.childElementCount > 4) this.spoken.firstElementChild?.remove();
  }
}

class Row {
  readonly root: HTMLLIElement;
  private readonly text = element("span", { class: "text" });
  private readonly mark = element("span", { class: "mark" });

  constructor(caption: Caption, name: string) {
    const mine = caption.speaker === "user";
    const speaker = element("span", { class: "speaker" }, mine ? words.captions.you : name);
    if (caption.typed)
      speaker.append(icon("pen"), element("span", { class: "unseen" }, words.captions.typed));
    this.root = element("li", { class: mine ? "mine" : "theirs" }, speaker, this.text, this.mark);
  }

  update(caption: Caption): void {
    say(this.text, caption.text);
    this.root.classList.toggle("partial", !caption.final);
    this.root.classList.toggle("interrupted", caption.interrupted);
    say(this.mark, caption.interrupted ? words.captions.interrupted : "");
  }
}
