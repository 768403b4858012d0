/** What jsdom lacks of a browser and the page needs: sizes that change, media queries, modal dialogs. */

import { vi } from "vitest";

const forget: (() => void)[] = [];

/** Call it before each test: it also forgets what the page before listened to. */
export function completeBrowser(): void {
  for (const remove of forget.splice(0)) remove();
  const add = EventTarget.prototype.addEventListener.bind(document);
  document.addEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
    add(type, listener);
    forget.push(() => {
      document.removeEventListener(type, listener);
    });
  };
  const nothing = (): void => undefined;
  vi.stubGlobal(
    "ResizeObserver",
    class {
      readonly observe = nothing;
      readonly disconnect = nothing;
    },
  );
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => undefined }));
  HTMLDialogElement.prototype.showModal = function (this: HTMLDialogElement) {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function (this: HTMLDialogElement) {
    this.open = false;
    this.dispatchEvent(new Event("close"));
  };
  HTMLElement.prototype.setPointerCapture = () => undefined;
  // jsdom says that it doesn't draw at every call; a browser without WebGL just answers null.
  HTMLCanvasElement.prototype.getContext = () => null;
}
