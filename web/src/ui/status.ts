import type { TurnLatency, View } from "../conversation/contract.ts";
import { element, icon, say } from "./dom.ts";
import { ICONS, type IconName } from "./icons.ts";
import { words } from "./words.ts";

/** Who holds the floor, how the connection is, how long the last answer took. */
export class Status {
  readonly root: HTMLElement;
  readonly quality: HTMLElement;
  private readonly name = element("p", { class: "name" });
  private readonly floorIcon = icon("ring");
  private readonly floorWords = element("span");
  private readonly floor = element("p", { class: "floor", role: "status" }, this.floorIcon, this.floorWords);
  private readonly total = element("span");
  private readonly parts = element("span", { class: "parts" });
  private readonly latency = element("p", { class: "latency", hidden: true }, this.total, this.parts);
  private readonly qualityIcon = icon("signal0");
  private readonly qualityWords = element("span");
  private readonly recording = element("p", { class: "recording", hidden: true }, words.controls.recording);

  constructor() {
    this.root = element("div", { class: "status" }, this.name, this.floor, this.latency, this.recording);
    this.quality = element("p", { class: "quality" }, this.qualityIcon, this.qualityWords);
  }

  update(view: View): void {
    say(this.name, view.persona);
    const [state, shape, text] = floorOf(view);
    this.floor.dataset["state"] = state;
    say(this.floorWords, text);
    draw(this.floorIcon, shape);
    const live = view.phase === "open" || view.phase === "reconnecting";
    this.quality.hidden = !live;
    this.quality.dataset["level"] = view.quality.level;
    say(this.qualityWords, words.quality[view.quality.level]);
    draw(this.qualityIcon, SIGNAL[view.quality.level]);
    const { roundTrip, buffer, late } = view.quality;
    const detail = view.quality.level === "unknown" ? "" : words.quality.detail(roundTrip, buffer, late);
    if (this.quality.title !== detail) this.quality.title = detail;
    const [total, parts] = live && view.latency ? latencyLine(view.latency) : ["", ""];
    this.latency.hidden = total === "";
    say(this.total, total);
    say(this.parts, parts);
    this.recording.hidden = !(live && view.recording);
  }
}

const SIGNAL = { good: "signal3", fair: "signal2", poor: "signal1", unknown: "signal0" } as const;

function floorOf(view: View): readonly [string, IconName, string] {
  switch (view.phase) {
    case "idle":
    case "closed":
      return ["idle", "ring", words.floor.idle];
    case "connecting":
      return ["waiting", "dots", words.floor.connecting];
    case "reconnecting":
      return ["waiting", "broken", words.floor.reconnecting];
    case "open":
      break;
  }
  switch (view.floor) {
    case "nobody":
      return ["nobody", "ring", words.floor.nobody];
    case "user":
      return ["user", "waves", words.floor.user];
    case "thinking":
      return ["thinking", "dots", words.floor.thinking];
    case "agent":
      return ["agent", "speech", words.floor.agent(view.persona)];
  }
}

/** "Answered in 1.4 s" and ": heard 0.5 · thought 0.5 · voice 0.4", as far as it is known. */
export function latencyLine(latency: TurnLatency): readonly [string, string] {
  const { transcript, firstToken, firstSound } = latency;
  if (firstSound === null) return ["", ""];
  const parts: string[] = [];
  // A reply that was drafted in the silence can have its words before the transcript is final.
  const thought = Math.max(firstToken ?? 0, transcript ?? 0);
  if (transcript !== null) parts.push(words.latency.heard(transcript));
  if (transcript !== null && firstToken !== null) parts.push(words.latency.thought(thought - transcript));
  if (firstToken !== null) parts.push(words.latency.voice(Math.max(firstSound - thought, 0)));
  return [words.latency.total(firstSound), parts.length > 0 ? `: ${parts.join(" · ")}` : ""];
}

function draw(svg: SVGSVGElement, name: IconName): void {
  const path = svg.querySelector("path");
  if (path && path.getAttribute("d") !== ICONS[name]) path.setAttribute("d", ICONS[name]);
}
