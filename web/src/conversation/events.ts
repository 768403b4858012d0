/** What the view shows of the server's events beside the captions. */

import type { ServerEvent } from "../protocol/messages.ts";
import type { Floor, TurnLatency } from "./contract.ts";

const FLOORS: readonly Floor[] = ["nobody", "user", "thinking", "agent"];

/** Who holds the turn from now on; null if the event isn't about that. */
export function readFloor(event: ServerEvent): Floor | null {
  if (event.type !== "floor") return null;
  return FLOORS.find((floor) => floor === event.data["holder"]) ?? null;
}

/** Who goes on with the conversation, and with which head; null if the event isn't about that. */
export function readPersona(event: ServerEvent): { readonly title: string; readonly head: string } | null {
  const { title, head } = event.data;
  if (event.type !== "persona" || typeof title !== "string" || typeof head !== "string") return null;
  return { title, head };
}

/** How long the last turn took; null if the event isn't about that. */
export function readLatency(event: ServerEvent): TurnLatency | null {
  if (event.type !== "turn_latency") return null;
  const of = (name: string): number | null => {
    const value = event.data[name];
    return typeof value === "number" ? value : null;
  };
  return {
    decision: of("decision"),
    transcript: of("transcript"),
    firstToken: of("first_token"),
    firstSound: of("first_sound"),
    mouthOpen: of("mouth_open"),
  };
}
