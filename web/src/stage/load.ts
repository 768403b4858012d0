import type { GLTF } from "three/examples/jsm/loaders/GLTFLoader.js";
import { arkitHead } from "./arkit.ts";
import { HeadRefused, type Head } from "./head.ts";
import { loader } from "./loader.ts";
import { inspect, type Inspection } from "./inspect.ts";
import { words } from "../ui/words.ts";

/** Build a head from a GLB or VRM file; `cheap` where the processor draws. Throws `HeadRefused` with words for the person. */
export async function readHead(bytes: ArrayBuffer, cheap: boolean): Promise<Head> {
  const inspection = inspect(bytes);
  try {
    return inspection.kind === "vrm"
      ? await vrm(bytes, inspection, cheap)
      : arkitHead(await parse(bytes), inspection, cheap);
  } catch (error) {
    if (error instanceof HeadRefused) throw error;
    throw new HeadRefused(words.head.broken(error instanceof Error ? error.message : String(error)), {
      cause: error,
    });
  }
}

/** Fetch a head from the server; throws `HeadRefused`. */
export async function fetchHead(url: string, cheap: boolean): Promise<Head> {
  let bytes: ArrayBuffer;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(60_000) });
    if (!answer.ok) throw new HeadRefused(words.head.unreachable(`${url}: ${answer.status.toString()}`));
    bytes = await answer.arrayBuffer();
  } catch (error) {
    if (error instanceof HeadRefused) throw error;
    throw new HeadRefused(words.head.unreachable(url), { cause: error });
  }
  return readHead(bytes, cheap);
}

function parse(bytes: ArrayBuffer): Promise<GLTF> {
  return loader().parseAsync(bytes, "");
}

async function vrm(bytes: ArrayBuffer, inspection: Inspection, cheap: boolean): Promise<Head> {
  // Most visitors never bring a VRM; its library is fetched when one does.
  const { vrmHead } = await import("./vrm.ts");
  return vrmHead(bytes, inspection, cheap);
}
