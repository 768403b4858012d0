/** The page's end of the relay: WebSockets that live on another thread, and the user's voice on its way out. */

import type { Socket } from "../conversation/connection.ts";
import type { Voice } from "../conversation/voice.ts";
import type { RelayOrder, RelayReport } from "./messages.ts";

class RelaySocket implements Socket {
  binaryType: BinaryType = "arraybuffer";
  bufferedAmount = 0;
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;

  constructor(
    readonly line: number,
    private readonly order: (order: RelayOrder, transfer?: Transferable[]) => void,
  ) {}

  send(data: Parameters<Socket["send"]>[0]): void {
    if (!(data instanceof Uint8Array) || !(data.buffer instanceof ArrayBuffer)) {
      throw new TypeError("the relay sends Uint8Array alone");
    }
    const bytes = data as Uint8Array<ArrayBuffer>;
    this.order({ kind: "send", line: this.line, data: bytes }, [bytes.buffer]);
  }

  close(code?: number, reason?: string): void {
    this.order({
      kind: "close",
      line: this.line,
      ...(code === undefined ? {} : { code }),
      ...(reason === undefined ? {} : { reason }),
    });
  }
}

export class Relay implements Voice {
  onSent: (pts: number, now: number) => void = () => undefined;
  private readonly worker = new Worker(new URL("./relay.worker.ts", import.meta.url), { type: "module" });
  private socket: RelaySocket | null = null;
  private lines = 0;

  constructor() {
    this.worker.onmessage = ({ data }: MessageEvent<RelayReport>) => {
      this.take(data);
    };
  }

  /** A WebSocket to `url`; earlier ones fall silent. */
  openSocket(url: URL): Socket {
    this.lines += 1;
    this.socket = new RelaySocket(this.lines, (order, transfer) => {
      this.order(order, transfer);
    });
    this.order({ kind: "open", line: this.lines, url: url.href });
    return this.socket;
  }

  /** Let sound pass between the server and these ports of the worklets. */
  connect(loudspeaker: MessagePort, microphone: MessagePort): void {
    this.order({ kind: "ports", loudspeaker, microphone }, [loudspeaker, microphone]);
  }

  /** The loudspeaker's stream from now on; null while it doesn't play. */
  setEpoch(epoch: number | null): void {
    this.order({ kind: "epoch", epoch });
  }

  start(): void {
    this.order({ kind: "uplink", on: true });
  }

  stop(): void {
    this.order({ kind: "uplink", on: false });
  }

  setHears(hears: boolean): void {
    this.order({ kind: "hears", hears });
  }

  private take(report: RelayReport): void {
    if (report.kind === "sent") {
      this.onSent(report.pts, report.at - performance.timeOrigin);
      return;
    }
    const socket = this.socket;
    if (socket?.line !== report.line) return;
    // The handlers are a WebSocket's; what they get of its events is what the page reads of them.
    const self = socket as unknown as WebSocket;
    switch (report.kind) {
      case "opened":
        socket.onopen?.call(self, new Event("open"));
        return;
      case "message":
        socket.bufferedAmount = report.unsent;
        socket.onmessage?.call(self, new MessageEvent("message", { data: report.data }));
        return;
      case "closed":
        socket.onclose?.call(self, new CloseEvent("close", { code: report.code, reason: report.reason }));
    }
  }

  private order(order: RelayOrder, transfer: Transferable[] = []): void {
    this.worker.postMessage(order, transfer);
  }
}
