/** One audio context for all of the page, at the device's own rate, with both worklets in it. */

import loudspeakerUrl from "./loudspeaker.worklet.ts?worker&url";
import microphoneUrl from "./microphone.worklet.ts?worker&url";

/** Chromium's contexts can be given a loudspeaker; TypeScript's own library doesn't know yet. */
interface SinkContext extends AudioContext {
  setSinkId?(id: string): Promise<void>;
}

/** Open it; call this from a person's gesture, so that it may run. Rejects if the browser has no sound at all. */
export async function openContext(): Promise<AudioContext> {
  const context = new AudioContext({ latencyHint: "interactive" });
  await Promise.all([
    context.audioWorklet.addModule(loudspeakerUrl),
    context.audioWorklet.addModule(microphoneUrl),
  ]);
  return context;
}

/** Send sound to the loudspeaker `device`; "" is the system's choice. Rejects where the browser can't. */
export async function chooseLoudspeaker(context: SinkContext, device: string): Promise<void> {
  if (context.setSinkId === undefined) {
    throw new Error("this browser can't choose a loudspeaker; choose it in the system's sound settings");
  }
  await context.setSinkId(device === "default" ? "" : device);
}
