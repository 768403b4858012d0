/** What both sides said, in words, from the server's events: partial, final, typed, and trimmed to what was heard. */

import {
  type HistoryEntry,
  MAX_HISTORY,
  MAX_HISTORY_CHARACTERS,
  type ServerEvent,
} from "../protocol/messages.ts";
import type { Caption } from "./contract.ts";

const MOST = 200; // captions kept
const PER_ENTRY = 64; // bytes of a history entry beside its text, at most

interface Entry extends Caption {
  readonly generation: number | null;
}

export class Captions {
  private entries: readonly Entry[] = [];
  private nextId = 1;
  private partial: number | null = null; // id of what the user is saying

  get list(): readonly Caption[] {
    return this.entries;
  }

  clear(): void {
    this.entries = [];
    this.partial = null;
  }

  /** Take an event; says whether anything changed. */
  apply(event: ServerEvent): boolean {
    const { data, generation } = event;
    const text = typeof data["text"] === "string" ? data["text"].trim() : "";
    switch (event.type) {
      case "partial_transcript":
        return text !== "" && this.hear(text, false);
      case "final_transcript":
        if (data["typed"] === true) return this.add({ speaker: "user", text, final: true, typed: true });
        return text === "" ? this.forgetPartial() : this.hear(text, true);
      case "nothing_heard":
        return this.forgetPartial();
      case "reply_text":
        return text !== "" && this.reply(generation, text, data["said"]);
      case "interrupted":
        return this.settle(generation, null, true);
      case "reply_heard":
        return this.settle(generation, text, data["interrupted"] === true);
      case "reply_finished":
        return this.settle(generation, null, false);
      default:
        return false;
    }
  }

  /** The line is gone: what was under way stays as far as it came; generations start over. */
  lineLost(): void {
    this.partial = null;
    this.entries = this.entries.map((entry) => ({
      ...entry,
      final: true,
      interrupted: entry.interrupted || (entry.speaker === "agent" && !entry.final),
      generation: null,
    }));
  }

  /** The conversation so far for a Hello, oldest first, cut to `bytes` of JSON from its end. */
  history(bytes: number): HistoryEntry[] {
    const kept: HistoryEntry[] = [];
    let left = bytes;
    for (const entry of this.entries.toReversed()) {
      if (!entry.final || entry.text === "") continue;
      const text = Array.from(entry.text).slice(0, MAX_HISTORY_CHARACTERS).join("");
      left -= new TextEncoder().encode(JSON.stringify(text)).length + PER_ENTRY;
      if (left < 0 || kept.length === MAX_HISTORY) break;
      kept.unshift({ role: entry.speaker, text, interrupted: entry.interrupted });
    }
    return kept;
  }

  private hear(text: string, final: boolean): boolean {
    const id = this.partial;
    if (id === null) {
      this.add({ speaker: "user", text, final, typed: false });
      this.partial = final ? null : (this.entries.at(-1)?.id ?? null);
    } else {
      this.change((entry) => (entry.id === id ? { ...entry, text, final } : entry));
      if (final) this.partial = null;
    }
    return true;
  }

  private forgetPartial(): boolean {
    if (this.partial === null) return false;
    const id = this.partial;
    this.partial = null;
    this.entries = this.entries.filter((entry) => entry.id !== id);
    return true;
  }

  /** A clause; where something else is `said` for it (code, a table) it stands by itself, with its lines. */
  private reply(generation: number, text: string, said: unknown): boolean {
    if (typeof said !== "string" || said === text) return this.speak(generation, text);
    if (said !== "") this.speak(generation, said);
    return this.add({ speaker: "agent", text, final: true, typed: false });
  }

  private speak(generation: number, clause: string): boolean {
    const open = this.entries.find((entry) => entry.speaker === "agent" && entry.generation === generation);
    if (open === undefined)
      return this.add({ speaker: "agent", text: clause, final: false, typed: false }, generation);
    this.change((entry) => (entry.id === open.id ? { ...entry, text: `${entry.text} ${clause}` } : entry));
    return true;
  }

  /** The reply `generation` is over; `heard` is what is known to have been heard of it. */
  private settle(generation: number, heard: string | null, interrupted: boolean): boolean {
    const entry = this.entries.find((each) => each.speaker === "agent" && each.generation === generation);
    if (entry === undefined) return false;
    const cut = interrupted || (entry.interrupted && heard === null);
    const text = cut && heard !== null ? heard : entry.text;
    if (cut && text === "") this.entries = this.entries.filter((each) => each.id !== entry.id);
    else
      this.change((each) => (each.id === entry.id ? { ...each, text, final: true, interrupted: cut } : each));
    return true;
  }

  private add(
    caption: Pick<Caption, "speaker" | "text" | "final" | "typed">,
    generation: number | null = null,
  ): boolean {
    const entry: Entry = { ...caption, id: this.nextId, interrupted: false, generation };
    this.nextId += 1;
    this.entries = [...this.entries, entry].slice(-MOST);
    return true;
  }

  private change(how: (entry: Entry) => Entry): void {
    this.entries = this.entries.map(how);
  }
}
