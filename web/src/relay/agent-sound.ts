/** The sound inside an AgentFrame's bytes, for the way to the loudspeaker that doesn't wait for the page. */

import type { SoundFrame } from "../audio/reports.ts";
import { decode } from "../protocol/codec.ts";
import { ProtocolError } from "../protocol/error.ts";

const AGENT_FRAME = 0x82;

/** Null for every other message, and for one that makes no sense: the page will say so. */
export function soundOf(data: ArrayBuffer): SoundFrame | null {
  if (data.byteLength === 0 || new DataView(data).getUint8(0) !== AGENT_FRAME) return null;
  try {
    const message = decode(data);
    if (message.kind !== "agent_frame") return null;
    const { pts, generation, flush, pcm } = message;
    return { pts, generation, flush, pcm };
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}
