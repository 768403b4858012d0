/** The units all media is cut into: one frame is 40 ms on the session's timeline. */

export const FRAME_RATE = 25; // frames a second
export const FRAME_SECONDS = 1 / FRAME_RATE; // 0.04 s
export const FRAME_MS = 1000 / FRAME_RATE; // 40 ms
export const USER_SAMPLE_RATE = 16_000; // Hz, what the microphone sends
export const AGENT_SAMPLE_RATE = 24_000; // Hz, what the agent's voice comes at
export const USER_FRAME_SAMPLES = USER_SAMPLE_RATE / FRAME_RATE; // 640
export const AGENT_FRAME_SAMPLES = AGENT_SAMPLE_RATE / FRAME_RATE; // 960
export const MOTION_SIZE = 61; // 52 shapes, head yaw, pitch, roll, both eyes' rotations
export const PCM16_PEAK = 32_767;
