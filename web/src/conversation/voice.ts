/** The user's voice on its way to the server: a frame every 40 ms on the open line, silence where nothing may be heard. */
export interface Voice {
  /** The frame `pts` went out at `now`, ms. */
  onSent: (pts: number, now: number) => void;
  /** A new line is open: frames from number 0 on it. */
  start(): void;
  stop(): void;
  /** Whether the microphone may be heard; silence goes out otherwise. */
  setHears(hears: boolean): void;
}
