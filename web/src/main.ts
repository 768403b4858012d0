/** Puts the page together: the conversation, what is seen of it, and the instruments. */

import { BrowserSound } from "./audio/sound.ts";
import { LiveConversation } from "./conversation/live.ts";
import { fetchOptions } from "./conversation/server-options.ts";
import { PAGE_TIMERS } from "./conversation/timers.ts";
import { Capture } from "./instruments/capture.ts";
import { instruments, noteFrameCost, type Snapshot } from "./instruments/instruments.ts";
import { seeded } from "./motion/random.ts";
import { Relay } from "./relay/relay.ts";
import { mount } from "./ui/mount.ts";

declare global {
  interface Window {
    /** For tests and measurements; see docs/page-instruments.md. */
    visavis: { readonly snapshot: (since?: number) => Snapshot; readonly capture: Capture };
  }
}

const relay = new Relay();
const sound = new BrowserSound(relay);
const conversation = new LiveConversation({
  sound,
  voice: relay,
  timers: PAGE_TIMERS,
  instruments,
  random: seeded(Date.now()),
  openSocket: () => {
    const url = new URL("/v1/session", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return relay.openSocket(url);
  },
  fetchOptions: () => fetchOptions("/v1/options"),
});

window.visavis = {
  snapshot: (since) => instruments.snapshot(since),
  capture: new Capture(() => sound.heard),
};

addEventListener("pagehide", () => {
  conversation.stop();
});

const root = document.getElementById("app");
if (root === null) throw new Error('index.html has no element with the id "app"');
mount(root, conversation, (_now, cost) => {
  noteFrameCost(cost);
});
