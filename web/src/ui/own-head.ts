import { HeadRefused, type Head } from "../stage/head.ts";
import { element } from "./dom.ts";
import type { Banner } from "./banner.ts";
import { words } from "./words.ts";

/** Takes a head from a file, dropped or chosen; the one on the stage stays if that fails. */
export class OwnHead {
  readonly root = element(
    "div",
    { class: "drop", hidden: true },
    element("p", { class: "title" }, words.drop.title),
    element("p", {}, words.drop.detail),
  );
  readonly input = element("input", {
    type: "file",
    accept: ".glb,.vrm,model/gltf-binary",
    class: "unseen",
    tabindex: "-1",
    "aria-hidden": "true",
  });
  private turn = 0;

  /** `read` builds a head from bytes; `show` puts it on the stage. */
  constructor(
    private readonly news: Banner,
    private readonly trouble: Banner,
    private readonly read: (bytes: ArrayBuffer) => Promise<Head>,
    private readonly show: (head: Head) => void,
  ) {
    this.input.setAttribute("aria-label", words.settings.ownHead);
    this.input.addEventListener("change", () => {
      const file = this.input.files?.[0];
      this.input.value = ""; // the same file can be chosen again
      if (file) void this.take(file);
    });
    window.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      this.root.hidden = false;
    });
    window.addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) this.root.hidden = true;
    });
    window.addEventListener("drop", (event) => {
      this.root.hidden = true;
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      void this.take(file);
    });
  }

  choose(): void {
    this.input.click();
  }

  private async take(file: File): Promise<void> {
    const turn = ++this.turn;
    this.trouble.hide();
    this.news.show(words.drop.reading(file.name), "", [], null);
    try {
      const head = await this.read(await file.arrayBuffer());
      if (turn !== this.turn) {
        head.dispose(); // another file was chosen meanwhile
        return;
      }
      this.show(head);
      this.news.show(words.drop.shown(file.name), head.notice ?? words.drop.complete, [], () => {
        this.news.hide();
      });
      if (head.notice === null)
        setTimeout(() => {
          if (turn === this.turn) this.news.hide();
        }, 6000);
    } catch (error) {
      this.news.hide();
      const why = error instanceof HeadRefused ? error.message : words.head.broken(String(error));
      this.trouble.show(words.drop.failed(file.name), why, [], () => {
        this.trouble.hide();
      });
    }
  }
}
