/** The microphones and loudspeakers of this computer. */

import type { Choice } from "../conversation/contract.ts";

export interface Devices {
  microphones: Choice[];
  loudspeakers: Choice[];
}

/** Labels are empty until a microphone was allowed; where the browser tells nothing, both lists are empty. */
export async function listDevices(): Promise<Devices> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  const known = devices === undefined ? [] : await devices.enumerateDevices();
  const of = (kind: MediaDeviceKind): Choice[] =>
    known
      .filter((device) => device.kind === kind)
      .map((device) => ({ name: device.deviceId, title: device.label, detail: "" }));
  return { microphones: of("audioinput"), loudspeakers: of("audiooutput") };
}
