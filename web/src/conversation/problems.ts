/** What can go wrong for a person, in words: what happened, and what to do about it. */

import type { Problem } from "./contract.ts";

export function microphoneProblem(code: "denied" | "absent" | "failed", detail = ""): Problem {
  switch (code) {
    case "denied":
      return {
        code: "microphone_denied",
        title: "The microphone isn't allowed.",
        remedy:
          "Allow it in the address bar (the microphone or lock symbol), then press the microphone again. Until then you can type.",
      };
    case "absent":
      return {
        code: "microphone_absent",
        title: "There is no microphone.",
        remedy: "Plug one in or choose another, or type what you want to say.",
      };
    case "failed":
      return {
        code: "microphone_failed",
        title: "The microphone can't be opened.",
        remedy: `Another program may be using it${detail === "" ? "" : ` (${detail})`}. Close that, or choose another microphone.`,
      };
  }
}

export function soundProblem(detail: string): Problem {
  return {
    code: "audio",
    title: "This browser can't play the sound.",
    remedy: `You can read the captions and type. ${detail}`.trim(),
  };
}

export const LOUDSPEAKER_PROBLEM: Problem = {
  code: "audio",
  title: "That loudspeaker can't be used.",
  remedy: "Choose another one, or choose it in the system's sound settings.",
};

export const LOUDSPEAKER_GONE: Problem = {
  code: "audio",
  title: "The loudspeaker is gone.",
  remedy: "Sound now goes where the system sends it; choose another one if you like.",
};

export const SERVER_FULL: Problem = {
  code: "server_full",
  title: "All places are taken.",
  remedy: "You don't need to do anything: this page keeps asking and starts as soon as there is one.",
};

export const STILL_FULL: Problem = {
  code: "server_full",
  title: "All places are still taken.",
  remedy: "Try again later.",
};

export const RECONNECTING: Problem = {
  code: "network",
  title: "The connection was lost.",
  remedy: "Reconnecting; the conversation will go on where it was.",
};

export const UNREACHABLE: Problem = {
  code: "network",
  title: "The server can't be reached.",
  remedy:
    "Check the network and that the server runs, then start again: the conversation will go on where it was.",
};

export function refused(message: string, remedy: string): Problem {
  return { code: "refused", title: sentence(message), remedy: sentence(remedy) };
}

export function ended(reason: string): Problem {
  return {
    code: "ended",
    title: "The conversation is over.",
    remedy: `${sentence(reason)} Start again whenever you like.`.trim(),
  };
}

function sentence(text: string): string {
  if (text === "") return "";
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}
