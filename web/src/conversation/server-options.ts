/** Asks the server what it offers: GET /v1/options. */

import { asText, Fields } from "../protocol/fields.ts";
import type { Choice, Options } from "./contract.ts";

const LIMIT = 8000; // ms

/** Rejects when the server can't be reached or answers something else. */
export async function fetchOptions(url: string): Promise<Options> {
  const response = await fetch(url, { signal: AbortSignal.timeout(LIMIT), cache: "no-store" });
  if (!response.ok) throw new Error(`${url} answered ${response.status} ${response.statusText}`);
  return readOptions(await response.json());
}

/** The answer's JSON as options; raises `ProtocolError` if it is something else. Unknown fields are left alone. */
export function readOptions(raw: unknown): Options {
  const fields = new Fields("options", raw);
  return {
    personas: fields.list("personas", (item) => {
      const persona = new Fields("options.personas", item);
      return { ...readChoice(persona), voice: persona.text("voice", ""), head: persona.text("head", "") };
    }),
    voices: fields.list("voices", (item) => readChoice(new Fields("options.voices", item)), []),
    persona: fields.text("persona"),
    heads: addresses(fields, "heads"),
    lightHeads: addresses(fields, "light_heads"),
    recording: fields.flag("recording", false),
  };
}

function addresses(fields: Fields, name: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields.object(name, {})).map(([head, url]) => [head, asText(url)] as const),
  );
}

function readChoice(fields: Fields): Choice {
  const name = fields.text("name");
  return { name, title: fields.text("title", name), detail: fields.text("detail", "") };
}
