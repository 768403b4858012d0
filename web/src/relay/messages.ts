/** What the page and its relay, which holds the WebSocket on a thread of its own, say to each other. */

/** `line` numbers the WebSockets; `epoch` the streams of sound. */
export type RelayOrder =
  | { readonly kind: "open"; readonly line: number; readonly url: string }
  | { readonly kind: "send"; readonly line: number; readonly data: Uint8Array<ArrayBuffer> }
  | { readonly kind: "close"; readonly line: number; readonly code?: number; readonly reason?: string }
  /** Sound goes to and comes from these ports of the worklets without passing the page. */
  | { readonly kind: "ports"; readonly loudspeaker: MessagePort; readonly microphone: MessagePort }
  | { readonly kind: "epoch"; readonly epoch: number | null }
  /** Send the user's frames on the newest line, from number 0; or no more. */
  | { readonly kind: "uplink"; readonly on: boolean }
  /** Whether the microphone may be heard. */
  | { readonly kind: "hears"; readonly hears: boolean };

export type RelayReport =
  | { readonly kind: "opened"; readonly line: number }
  | { readonly kind: "message"; readonly line: number; readonly data: unknown; readonly unsent: number }
  | { readonly kind: "closed"; readonly line: number; readonly code: number; readonly reason: string }
  /** The user's frame `pts` went out at `at`, ms since 1970. */
  | { readonly kind: "sent"; readonly pts: number; readonly at: number };
