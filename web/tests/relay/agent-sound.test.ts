import { expect, test } from "vitest";
import { encode } from "../../src/protocol/codec.ts";
import { soundOf } from "../../src/relay/agent-sound.ts";
import { agentFrame, welcome } from "../conversation/world.ts";

test("the relay finds the sound in the agent's frames", () => {
  const frame = agentFrame(7, { level: 0.5, generation: 3, flush: true });
  expect(soundOf(encode(frame).buffer)).toEqual({ pts: 7, generation: 3, flush: true, pcm: frame.pcm });
});

test.each([
  ["another message", encode(welcome()).buffer],
  ["nothing", new ArrayBuffer(0)],
  ["half a frame", encode(agentFrame(1)).buffer.slice(0, 900)],
])("and leaves %s to the page", (_, bytes) => {
  expect(soundOf(bytes)).toBeNull();
});
