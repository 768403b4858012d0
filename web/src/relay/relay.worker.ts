/**
 * Holds the WebSocket on a thread of its own, so that the agent is heard and the user is heard however long the page
 * takes to draw: sound goes straight from here to the loudspeaker's worklet, and from the microphone's to the server.
 */

import type { LoudspeakerOrder, MicrophoneFrame } from "../audio/worklet-messages.ts";
import { PAGE_TIMERS } from "../conversation/timers.ts";
import { Uplink } from "../conversation/uplink.ts";
import { encode } from "../protocol/codec.ts";
import { soundOf } from "./agent-sound.ts";
import type { RelayOrder, RelayReport } from "./messages.ts";

const MOST_UNSENT = 64 * 1024; // bytes that may wait before the user's sound is left out

let socket: WebSocket | null = null;
let line = 0;
let epoch: number | null = null; // null: the page hasn't made the loudspeaker ready for this line yet
let hears = false;
let loudspeaker: MessagePort | null = null;

const uplink = new Uplink(
  PAGE_TIMERS,
  () => hears,
  (pts, pcm) => {
    if (socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > MOST_UNSENT) return;
    socket.send(encode({ kind: "user_audio", pts, generation: 0, pcm }));
    report({ kind: "sent", pts, at: performance.timeOrigin + performance.now() });
  },
);

function report(what: RelayReport, transfer: Transferable[] = []): void {
  self.postMessage(what, { transfer });
}

function open(number: number, url: string): void {
  const opened = new WebSocket(url);
  opened.binaryType = "arraybuffer";
  opened.onopen = () => {
    report({ kind: "opened", line: number });
  };
  opened.onmessage = ({ data }: MessageEvent<unknown>) => {
    const unsent = opened.bufferedAmount;
    if (!(data instanceof ArrayBuffer)) {
      report({ kind: "message", line: number, data, unsent });
      return;
    }
    const frame = soundOf(data);
    if (frame !== null && number === line && epoch !== null) {
      const order: LoudspeakerOrder = { kind: "sound", epoch, frame };
      loudspeaker?.postMessage(order, [frame.pcm.buffer]);
    }
    report({ kind: "message", line: number, data, unsent }, [data]);
  };
  opened.onclose = ({ code, reason }) => {
    report({ kind: "closed", line: number, code, reason });
  };
  socket = opened;
  line = number;
  epoch = null;
}

self.onmessage = ({ data: order }: MessageEvent<RelayOrder>) => {
  switch (order.kind) {
    case "open":
      open(order.line, order.url);
      return;
    case "send":
      if (order.line === line && socket?.readyState === WebSocket.OPEN) socket.send(order.data);
      return;
    case "close":
      if (order.line === line) socket?.close(order.code, order.reason);
      return;
    case "ports":
      loudspeaker = order.loudspeaker;
      order.microphone.onmessage = ({ data }: MessageEvent<MicrophoneFrame>) => {
        uplink.frame(data.pcm);
      };
      return;
    case "epoch":
      epoch = order.epoch;
      return;
    case "uplink":
      if (order.on) uplink.start();
      else uplink.stop();
      return;
    case "hears":
      hears = order.hears;
  }
};
