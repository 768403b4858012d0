// @vitest-environment jsdom
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Caption } from "../../src/conversation/contract.ts";
import { mount } from "../../src/ui/mount.ts";
import { words } from "../../src/ui/words.ts";
import { FakeConversation, OPTIONS } from "../fakes.ts";
import { completeBrowser } from "./browser.ts";

let conversation: FakeConversation;

async function open(offered: FakeConversation["offered"] = OPTIONS): Promise<void> {
  document.body.innerHTML = '<div id="app"></div>';
  conversation = new FakeConversation();
  conversation.offered = offered;
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  mount(one("#app"), conversation);
  await vi.waitFor(() => {
    if (text(".note") === words.start.fetching) throw new Error("still asking");
  });
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as querySelector has it
function one<T extends HTMLElement>(selector: string): T {
  const found = document.querySelector<T>(selector);
  if (!found) throw new Error(`no ${selector}`);
  return found;
}

const text = (selector: string): string => one(selector).textContent;
const button = (label: string): HTMLButtonElement => {
  const found = [...document.querySelectorAll("button")].find(
    (candidate) => (candidate.getAttribute("aria-label") ?? candidate.textContent) === label,
  );
  if (!found) throw new Error(`no button ${label}`);
  return found;
};
const caption = (change: Partial<Caption>): Caption => ({
  id: 1, speaker: "agent", text: "Good morning", final: true, typed: false, interrupted: false, ...change,
}); // prettier-ignore
const press = (key: string, type = "keydown", target: EventTarget = document.body): boolean =>
  target.dispatchEvent(new KeyboardEvent(type, { key, bubbles: true, cancelable: true }));
const called = (name: string): (readonly unknown[])[] => conversation.calls.filter(([call]) => call === name);

beforeEach(() => {
  completeBrowser();
  localStorage.clear();
});

describe("before a conversation", () => {
  test("the persona that the server names is chosen, and begins with a microphone", async () => {
    await open();
    expect(one<HTMLInputElement>("#persona-mira").checked).toBe(true);
    one("form").dispatchEvent(new SubmitEvent("submit", { cancelable: true }));
    expect(called("start")[0]?.[1]).toEqual({ persona: "mira", microphone: "", consent: false });
  });

  test("another persona and writing only are kept for the next visit", async () => {
    await open();
    one("#persona-noor").click();
    one("#way-text").click();
    expect(text(".name")).toBe("Noor");
    await open();
    one("form").dispatchEvent(new SubmitEvent("submit", { cancelable: true }));
    expect(called("start")[0]?.[1]).toEqual({ persona: "noor", microphone: null, consent: false });
  });

  test("a persona that the server no longer has falls back to its own", async () => {
    localStorage.setItem("visavis.preferences", JSON.stringify({ persona: "gone", volume: "loud" }));
    await open();
    expect(one<HTMLInputElement>("#persona-mira").checked).toBe(true);
  });

  test("nobody is recorded unasked", async () => {
    await open({ ...OPTIONS, recording: true });
    expect(one(".consent").hidden).toBe(false);
    expect(one<HTMLInputElement>("#consent").checked).toBe(false);
    one("#consent").click();
    one("form").dispatchEvent(new SubmitEvent("submit", { cancelable: true }));
    expect(called("start")[0]?.[1]).toMatchObject({ consent: true });
  });

  test("a server that doesn't answer is said in words, and asked again", async () => {
    await open(new Error("refused"));
    expect(text(".note")).toContain(words.start.unreachable);
    conversation.offered = OPTIONS;
    button(words.start.again).click();
    await vi.waitFor(() => {
      expect(one<HTMLFormElement>(".start form").hidden).toBe(false);
    });
  });

  test("a browser without WebGL is told so, and everything else works", async () => {
    await open();
    expect(text(".stage-note")).toBe(words.stage.noWebGl);
    expect(one<HTMLFormElement>(".start form").hidden).toBe(false);
  });
});

describe("captions", () => {
  beforeEach(async () => {
    await open();
    conversation.change({ phase: "open" });
  });

  test("change while they are partial and are read out once, when final", () => {
    conversation.change({ captions: [caption({ text: "Good", final: false })] });
    expect(one(".said li").classList).toContain("partial");
    expect(text("[aria-live]")).toBe("");
    conversation.change({ captions: [caption({})] });
    conversation.change({ captions: [caption({})] });
    expect(document.querySelectorAll(".said li")).toHaveLength(1);
    expect(one(".said li").classList).not.toContain("partial");
    expect(text("[aria-live]")).toBe("Mira: Good morning");
  });

  test("mark what was written, and what was interrupted, in words", () => {
    conversation.change({
      captions: [
        caption({ interrupted: true }),
        caption({ id: 2, speaker: "user", typed: true, text: "Wait" }),
      ],
    });
    expect(text(".theirs .mark")).toBe(words.captions.interrupted);
    expect(text(".mine .speaker")).toBe(words.captions.you + words.captions.typed);
  });

  test("are text, whatever they contain", () => {
    conversation.change({ captions: [caption({ text: "<img src=x onerror=alert(1)>" })] });
    expect(document.querySelector(".said img")).toBeNull();
  });

  test("don't grow without end", () => {
    conversation.change({
      captions: Array.from({ length: 300 }, (_, id) => caption({ id, text: `${id.toString()}.` })),
    });
    expect(document.querySelectorAll(".said li").length).toBeLessThanOrEqual(60);
    expect(text(".said li:last-child .text")).toBe("299.");
  });
});

describe("the floor", () => {
  test("is said in words and drawn with a shape of its own for each holder", async () => {
    await open();
    conversation.change({ phase: "open" });
    const shapes = new Set<string>();
    const said = new Set<string>();
    for (const floor of ["nobody", "user", "thinking", "agent"] as const) {
      conversation.change({ floor });
      shapes.add(one(".floor path").getAttribute("d") ?? "");
      said.add(text(".floor"));
    }
    expect(shapes.size).toBe(4);
    expect(said).toEqual(
      new Set([words.floor.nobody, words.floor.user, words.floor.thinking, words.floor.agent("Mira")]),
    );
    conversation.change({ phase: "reconnecting" });
    expect(text(".floor")).toBe(words.floor.reconnecting);
  });

  test("goes with how long the last answer took, part by part", async () => {
    await open();
    conversation.change({
      phase: "open",
      latency: { decision: 300, transcript: 500, firstToken: 1000, firstSound: 1400, mouthOpen: 1440 },
    });
    expect(text(".latency")).toBe("Answered in 1.4 s: heard 0.5 · thought 0.5 · voice 0.4");
    conversation.change({
      latency: { decision: null, transcript: 700, firstToken: 600, firstSound: 900, mouthOpen: null },
    });
    expect(text(".latency")).toBe("Answered in 0.9 s: heard 0.7 · thought 0.0 · voice 0.2");
  });
});

describe("controls", () => {
  beforeEach(async () => {
    await open();
    conversation.change({ phase: "open", microphone: "on" });
  });

  test("send what is written, trimmed, and nothing empty", () => {
    const field = one<HTMLInputElement>(".message");
    for (const written of ["  Good evening ", "   "]) {
      field.value = written;
      one(".write").dispatchEvent(new SubmitEvent("submit", { cancelable: true }));
    }
    expect(called("say")).toEqual([["say", "Good evening"]]);
    expect(field.value).toBe("   ");
  });

  test("mute and say so", () => {
    button(words.controls.mute).click();
    expect(called("setMuted")).toEqual([["setMuted", true]]);
    expect(button(words.controls.unmute).isConnected).toBe(true);
  });

  test("hold the space bar to talk in that mode only, and let go with the window", () => {
    press(" ");
    expect(called("press")).toEqual([]);
    button(words.controls.holdMode).click();
    press(" ");
    press(" ");
    window.dispatchEvent(new Event("blur"));
    press(" ", "keyup");
    expect(called("press")).toEqual([
      ["press", true],
      ["press", false],
    ]);
  });

  test("leave keys alone that are typed into a field", () => {
    press("m", "keydown", one(".message"));
    expect(called("setMuted")).toEqual([]);
    press("m");
    expect(called("setMuted")).toEqual([["setMuted", true]]);
  });

  test("obey no shortcut when they are switched off", () => {
    const box = [...document.querySelectorAll<HTMLInputElement>(".settings input[type=checkbox]")].at(-1);
    box?.click();
    press("m");
    expect(called("setMuted")).toEqual([]);
  });

  test("turn the microphone on for who began in writing", () => {
    conversation.change({ microphone: "off" });
    button(words.controls.microphoneOn).click();
    expect(called("setMicrophone")).toEqual([["setMicrophone", ""]]);
  });
});

describe("settings", () => {
  test("begin a new conversation only after asking", async () => {
    await open();
    one("form").dispatchEvent(new SubmitEvent("submit", { cancelable: true }));
    const persona = one<HTMLSelectElement>(".settings select");
    const choose = (): void => {
      persona.value = "noor";
      persona.dispatchEvent(new Event("change"));
    };
    choose();
    expect(one<HTMLDialogElement>(".confirm").open).toBe(true);
    button(words.settings.changeNo).click();
    expect(persona.value).toBe("mira");
    expect(called("stop")).toEqual([]);
    choose();
    button(words.settings.changeYes).click();
    expect(called("stop")).toHaveLength(1);
    expect(called("start")[1]?.[1]).toMatchObject({ persona: "noor" });
  });
});

describe("a problem", () => {
  const denied = {
    code: "microphone_denied",
    title: "The microphone is blocked",
    remedy: "Allow it.",
  } as const;

  test("is an alert with its remedy, and goes on in writing if wished", async () => {
    await open();
    conversation.change({ phase: "open", problem: denied });
    expect(one(".banner.alert").getAttribute("role")).toBe("alert");
    expect(text(".banner.alert")).toContain("Allow it.");
    button(words.problem.byTyping).click();
    expect(called("setMicrophone")).toEqual([["setMicrophone", null]]);
    expect(document.activeElement).toBe(one(".message"));
    expect(one(".banner.alert .message-box").hidden).toBe(true);
  });

  test("that was dismissed comes back when it happens again", async () => {
    await open();
    conversation.change({ phase: "open", problem: denied });
    button(words.problem.dismiss).click();
    conversation.change({ level: 0.3 });
    expect(one(".banner.alert .message-box").hidden).toBe(true);
    conversation.change({ problem: { ...denied } });
    expect(one(".banner.alert .message-box").hidden).toBe(false);
  });

  test("with the server offers to try again as chosen", async () => {
    await open();
    conversation.change({
      phase: "closed",
      problem: { code: "server_full", title: "All are busy", remedy: "Wait." },
    });
    button(words.problem.again).click();
    expect(called("start")).toHaveLength(1);
  });
});
