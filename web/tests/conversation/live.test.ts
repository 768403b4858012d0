import { describe, expect, test } from "vitest";
import { MicrophoneError } from "../../src/audio/microphone.ts";
import { DROPPED } from "../../src/conversation/backoff.ts";
import { GREETING_LIMIT, SILENCE_LIMIT } from "../../src/conversation/connection.ts";
import { event, World } from "./world.ts";

describe("a conversation begins", () => {
  test("with a greeting that names the choice, and is open once it is welcomed", async () => {
    const world = new World();
    await world.conversation.options();
    expect(world.view.head).toBe("/heads/mira.glb");
    await world.conversation.start({ persona: "noor", voice: "joan", microphone: null, consent: true });
    expect(world.view.phase).toBe("connecting");
    world.socket.accept();
    expect(world.socket.hello).toMatchObject({
      persona: "noor",
      voice: "joan",
      acknowledges: true,
      consentsToRecording: true,
      resume: null,
      history: [],
    });
    world.welcome({ persona: "Noor", head: "noor", recording: true });
    expect(world.view).toMatchObject({
      phase: "open",
      persona: "Noor",
      recording: true,
      head: "/heads/noor.glb",
    });
  });

  test("and when another persona goes on with it, that one's name and head are shown", async () => {
    const world = new World();
    await world.conversation.options();
    await world.talk();
    world.socket.tell(event("persona", { persona: "noor", title: "Noor", voice: "joan", head: "noor" }));
    expect(world.view).toMatchObject({ persona: "Noor", head: "/heads/noor.glb" });
    world.socket.tell(event("persona", { persona: "x", title: "X", voice: "", head: "unknown" }));
    expect(world.view).toMatchObject({ persona: "X", head: "/heads/noor.glb" });
  });

  test("and the listeners are told, once for all that changes in a moment", async () => {
    const world = new World();
    const seen: string[] = [];
    world.conversation.subscribe((view) => seen.push(view.phase));
    await world.talk();
    world.timers.pass(1);
    expect(seen).toEqual(["open"]);
  });
});

describe("without a microphone", () => {
  test("silence goes out every 40 ms, numbered from 0", async () => {
    const world = new World();
    await world.talk();
    world.frames(50);
    const sent = world.socket.of("user_audio");
    expect(sent.length).toBeGreaterThanOrEqual(49);
    expect(sent.length).toBeLessThanOrEqual(51);
    expect(sent.map(({ pts }) => pts)).toEqual(sent.map((_, n) => n));
    expect(sent.every(({ pcm }) => pcm.every((value) => value === 0))).toBe(true);
  });

  test("a typed turn goes out as it is, trimmed", async () => {
    const world = new World();
    await world.talk();
    world.conversation.say("  hello  ");
    world.conversation.say("   ");
    expect(world.socket.of("user_text").map(({ text }) => text)).toEqual(["hello"]);
  });
});

describe("the microphone", () => {
  async function speaking(): Promise<World> {
    const world = new World();
    await world.talk({}, "default");
    return world;
  }

  function heard(world: World): boolean[] {
    const before = world.socket.of("user_audio").length;
    for (let n = 0; n < 5; n += 1) {
      world.voice.speak(new Int16Array(640).fill(1000));
      world.sound.onLevel(0.5);
      world.timers.pass(40);
    }
    return world.socket
      .of("user_audio")
      .slice(before)
      .map(({ pcm }) => pcm[0] !== 0);
  }

  test("is heard as it is", async () => {
    const world = await speaking();
    expect(heard(world)).toEqual([true, true, true, true, true]);
    expect(world.view).toMatchObject({ microphone: "on", level: 0.5 });
  });

  test("is silence while it is muted, and shows no level", async () => {
    const world = await speaking();
    world.conversation.setMuted(true);
    expect(heard(world)).toEqual([false, false, false, false, false]);
    expect(world.view.level).toBe(0);
    world.conversation.setMuted(false);
    expect(heard(world)[0]).toBe(true);
  });

  test("is heard only while pressed, if the person wants it so", async () => {
    const world = await speaking();
    world.conversation.setTalkMode("push");
    expect(heard(world)).not.toContain(true);
    world.conversation.press(true);
    expect(heard(world)).not.toContain(false);
    world.conversation.press(false);
    expect(heard(world)).not.toContain(true);
  });

  test("that stops giving sound is replaced by silence", async () => {
    const world = await speaking();
    heard(world);
    const before = world.socket.of("user_audio").length;
    world.timers.pass(1000);
    expect(world.socket.of("user_audio").length - before).toBeGreaterThan(20);
  });

  test.each([
    ["denied", "microphone_denied"],
    ["absent", "microphone_absent"],
    ["failed", "microphone_failed"],
  ] as const)("that is %s is explained, and the conversation goes on without", async (code, problem) => {
    const world = new World();
    world.sound.refusal = new MicrophoneError(code, "why");
    await world.talk({}, "default");
    expect(world.view).toMatchObject({ phase: "open", microphone: code, problem: { code: problem } });
    expect(world.view.problem?.remedy).not.toBe("");
    world.sound.refusal = null;
    await world.conversation.setMicrophone("default");
    expect(world.view).toMatchObject({ microphone: "on", problem: null });
  });

  test("isn't on when the person left before it was allowed", async () => {
    const world = new World();
    const starting = world.conversation.start({ microphone: "default" });
    world.conversation.stop();
    await starting;
    await new Promise((resolve) => setTimeout(resolve));
    expect(world.view.microphone).toBe("off");
  });

  test("that is unplugged gives way to the system's choice, and is missed if there is none", async () => {
    const world = await speaking();
    world.sound.onMicrophoneLost();
    await Promise.resolve();
    expect(world.sound.opened).toEqual(["default", "default"]);
    world.sound.refusal = new MicrophoneError("absent", "gone");
    world.sound.onMicrophoneLost();
    await new Promise((resolve) => setTimeout(resolve));
    expect(world.view).toMatchObject({ microphone: "absent", problem: { code: "microphone_absent" } });
  });
});

describe("what was played is acknowledged", () => {
  test("once it has been heard, and not before", async () => {
    const world = new World();
    await world.talk();
    world.frames(25, { generation: 1, level: 0.3 });
    const played = world.socket.of("played");
    expect(played.length).toBeGreaterThan(15);
    expect(played.every(({ generation }) => generation === 1)).toBe(true);
    const newest = played.at(-1)?.pts ?? 0;
    expect(newest).toBeGreaterThan(18);
    expect(newest).toBeLessThan(24);
  });

  test("and what was cancelled is not", async () => {
    const world = new World();
    await world.talk();
    world.frames(20, { generation: 1, level: 0.3 });
    world.frames(20, { generation: 2, flush: true });
    const told = world.socket.of("played");
    const old = told.filter(({ generation }) => generation === 1).map(({ pts }) => pts);
    expect(Math.max(...old)).toBeLessThan(19);
    expect(told.some(({ generation, pts }) => generation === 2 && pts >= 20)).toBe(true);
    expect(world.instruments.counts.flushes).toBe(1);
  });
});

describe("a line that breaks", () => {
  test("is called again with the token and what was said, and the captions stay", async () => {
    const world = new World();
    await world.talk();
    world.socket.tell(event("final_transcript", { text: "My name is Ada." }));
    world.socket.tell(event("reply_text", { text: "Hello Ada," }));
    world.socket.tell(event("reply_text", { text: "how can I help?" }));
    world.frames(5);
    world.socket.break();
    expect(world.view).toMatchObject({ phase: "reconnecting", problem: { code: "network" } });
    world.timers.pass(DROPPED.first);
    world.socket.accept();
    expect(world.socket.hello).toMatchObject({
      resume: "token-1",
      history: [
        { role: "user", text: "My name is Ada.", interrupted: false },
        { role: "agent", text: "Hello Ada, how can I help?", interrupted: true },
      ],
    });
    world.welcome({ resumed: "memory", resume: "token-2" });
    expect(world.view).toMatchObject({ phase: "open", problem: null });
    expect(world.view.captions.map(({ text }) => text)).toEqual([
      "My name is Ada.",
      "Hello Ada, how can I help?",
    ]);
    world.frames(3);
    expect(world.socket.of("user_audio")[0]?.pts).toBe(0);
    expect(world.instruments.counts.reconnects).toBe(1);
    world.socket.break();
    world.timers.pass(20_000);
    world.socket.accept();
    expect(world.socket.hello.resume).toBe("token-2");
  });

  test("is noticed when nothing comes for three seconds", async () => {
    const world = new World();
    await world.talk();
    world.frames(10);
    world.timers.pass(SILENCE_LIMIT - 100);
    expect(world.view.phase).toBe("open");
    world.timers.pass(200);
    expect(world.view.phase).toBe("reconnecting");
    expect(world.sockets[0]?.closed).toBe(true);
  });

  test("is noticed when the greeting isn't answered", async () => {
    const world = new World();
    await world.conversation.start({ microphone: null });
    world.socket.accept();
    world.timers.pass(GREETING_LIMIT + DROPPED.first * 2);
    expect(world.sockets.length).toBe(2);
  });

  test("is given up after a while, says so, and goes on with the same conversation when started again", async () => {
    const world = new World();
    await world.talk();
    world.socket.tell(event("final_transcript", { text: "hello" }));
    world.unreachable = true;
    world.socket.break();
    world.timers.pass(5 * 60_000);
    expect(world.view).toMatchObject({ phase: "closed", problem: { code: "network" } });
    expect(world.sockets.length).toBe(1 + DROPPED.tries);
    world.timers.pass(5 * 60_000);
    expect(world.sockets.length).toBe(1 + DROPPED.tries);
    world.unreachable = false;
    await world.conversation.start({ microphone: null });
    world.socket.accept();
    expect(world.socket.hello).toMatchObject({ resume: "token-1", history: [{ text: "hello" }] });
    expect(world.view.captions.length).toBe(1);
  });

  test("with somebody else chosen afterwards, a new conversation begins", async () => {
    const world = new World();
    await world.talk();
    world.socket.tell(event("final_transcript", { text: "hello" }));
    world.unreachable = true;
    world.socket.break();
    world.timers.pass(5 * 60_000);
    world.unreachable = false;
    await world.conversation.start({ persona: "noor", microphone: null });
    world.socket.accept();
    expect(world.socket.hello).toMatchObject({ resume: null, history: [], persona: "noor" });
    expect(world.view.captions).toEqual([]);
  });

  test("what is typed meanwhile is said once it is back", async () => {
    const world = new World();
    await world.talk();
    world.socket.break();
    world.conversation.say("are you there?");
    world.timers.pass(DROPPED.first);
    world.welcome();
    expect(world.socket.of("user_text").map(({ text }) => text)).toEqual(["are you there?"]);
  });

  test("a history that is too long for the server is cut at its old end", async () => {
    const world = new World();
    await world.talk({ maxMessageBytes: 8192 });
    for (let n = 0; n < 30; n += 1) {
      world.socket.tell(event("final_transcript", { text: `${n} ${"ä".repeat(400)}` }));
    }
    world.socket.break();
    world.timers.pass(DROPPED.first);
    world.socket.accept();
    const { history } = world.socket.hello;
    expect(history.length).toBeGreaterThan(3);
    expect(history.length).toBeLessThan(10);
    expect(history.at(-1)?.text.startsWith("29 ")).toBe(true);
    expect(JSON.stringify(history).length).toBeLessThan(8192);
  });
});

describe("the server", () => {
  const full = {
    kind: "error",
    code: "server_full",
    message: "all 4 sessions are taken",
    remedy: "wait",
    fatal: true,
  } as const;

  test("that is full is asked again until there is a place", async () => {
    const world = new World();
    await world.conversation.start({ microphone: null });
    for (let n = 0; n < 3; n += 1) {
      world.socket.accept();
      world.socket.tell(full);
      world.socket.break(1013);
      expect(world.view).toMatchObject({ phase: "connecting", problem: { code: "server_full" } });
      world.timers.pass(5900);
    }
    expect(world.sockets.length).toBe(4);
    world.welcome();
    expect(world.view).toMatchObject({ phase: "open", problem: null });
  });

  test("that refuses for good is quoted, and not asked again", async () => {
    const world = new World();
    await world.conversation.start({ persona: "nobody", microphone: null });
    world.socket.accept();
    world.socket.tell({
      ...full,
      code: "unknown_persona",
      message: "no persona 'nobody'",
      remedy: "choose mira",
    });
    world.socket.break(1008);
    expect(world.view).toMatchObject({
      phase: "closed",
      problem: { code: "refused", title: "No persona 'nobody'.", remedy: "Choose mira." },
    });
    world.timers.pass(60_000);
    expect(world.sockets.length).toBe(1);
  });

  test("that ends a conversation of the longest length has ended it", async () => {
    const world = new World();
    await world.talk({ maxSeconds: 2 });
    world.frames(50);
    world.socket.tell({ kind: "bye", reason: "the session reached its limit of 2 s" });
    world.socket.break(1000);
    expect(world.view).toMatchObject({ phase: "closed", problem: { code: "ended" } });
  });

  test("that says goodbye for any other reason is called again", async () => {
    const world = new World();
    await world.talk();
    world.frames(5);
    world.socket.tell({ kind: "bye", reason: "the server is going down" });
    world.socket.break(1000);
    expect(world.view.phase).toBe("reconnecting");
  });

  test("is told goodbye when the person leaves, and isn't called again", async () => {
    const world = new World();
    await world.talk();
    const socket = world.socket;
    world.conversation.stop();
    expect(socket.of("bye").length).toBe(1);
    expect(world.view).toMatchObject({ phase: "idle", microphone: "off" });
    world.timers.pass(60_000);
    expect(world.sockets.length).toBe(1);
  });

  test("may send what makes no sense: it is passed over", async () => {
    const world = new World();
    await world.talk();
    world.socket.raw("text");
    world.socket.raw(new ArrayBuffer(3));
    world.frames(3);
    expect(world.view.phase).toBe("open");
  });

  test("that doesn't take what is sent isn't sent more and more", async () => {
    const world = new World();
    await world.talk();
    world.frames(3);
    world.socket.bufferedAmount = 10_000_000;
    const before = world.socket.of("played").length;
    world.frames(50);
    expect(world.socket.of("played").length).toBe(before);
  });
});

test("floor, latency and quality follow the server", async () => {
  const world = new World();
  await world.talk();
  world.socket.tell(event("floor", { holder: "thinking" }));
  world.socket.tell(event("turn_latency", { decision: 520, first_sound: 1400, transcript: null }));
  world.frames(30);
  expect(world.view).toMatchObject({
    floor: "thinking",
    latency: { decision: 520, transcript: null, firstToken: null, firstSound: 1400, mouthOpen: null },
    quality: { level: "good", late: 0 },
  });
  expect(world.view.quality.roundTrip).toBeCloseTo(80, -1);
});

test("the face follows the sound, and lives on when nothing comes", async () => {
  const world = new World();
  const face = new Float32Array(61);
  await world.talk();
  for (let n = 0; n < 50; n += 1) {
    world.frames(1, { level: 0.5 });
    world.conversation.face(world.timers.now(), face);
  }
  expect(face[17]).toBeCloseTo(0.5);
  const seen = new Set<number>();
  for (let n = 0; n < 100; n += 1) {
    world.timers.pass(16);
    world.conversation.face(world.timers.now(), face);
    seen.add(face[52] ?? 0);
  }
  expect(face[17]).toBeLessThan(0.01);
  expect(seen.size).toBeGreaterThan(90);
});
