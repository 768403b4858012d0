import { HeadRefused } from "./head.ts";
import { NEEDED, SHAPES, shapeOf, type Shape } from "./shapes.ts";
import { words } from "../ui/words.ts";

/** What a file says of itself before anything of it is built. */
export interface Inspection {
  readonly kind: "glb" | "vrm";
  /** Shapes that a GLB's morph targets carry, or that a VRM has expressions of its own for. */
  readonly found: ReadonlySet<Shape>;
  readonly missing: readonly Shape[];
}

export const LARGEST = 96 * 1024 * 1024;

const MAGIC = 0x46546c67;
const JSON_CHUNK = 0x4e4f534a;
const PACKED = new Set(["KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_texture_basisu"]);

interface Primitive {
  readonly targets?: readonly unknown[];
  readonly extras?: { readonly targetNames?: unknown };
}

interface MeshEntry {
  readonly name?: string;
  readonly primitives?: readonly Primitive[];
  readonly extras?: { readonly targetNames?: unknown };
}

interface Document {
  readonly asset?: { readonly version?: string };
  readonly meshes?: readonly MeshEntry[];
  readonly buffers?: readonly { readonly uri?: string }[];
  readonly images?: readonly { readonly uri?: string }[];
  readonly extensionsRequired?: readonly string[];
  readonly extensions?: {
    readonly VRM?: unknown;
    readonly VRMC_vrm?: { readonly expressions?: { readonly custom?: Readonly<Record<string, unknown>> } };
  };
}

/** Look into a file without building it; throws `HeadRefused` for what can't become a head. */
export function inspect(bytes: ArrayBuffer): Inspection {
  if (bytes.byteLength > LARGEST) {
    throw new HeadRefused(words.head.tooLarge(bytes.byteLength / 2 ** 20, LARGEST / 2 ** 20));
  }
  const document = read(bytes);
  const outside = [...(document.buffers ?? []), ...(document.images ?? [])]
    .map((entry) => entry.uri)
    .find((uri) => uri !== undefined && !uri.startsWith("data:image/"));
  if (outside !== undefined) throw new HeadRefused(words.head.outside(outside.slice(0, 60)));
  const packed = document.extensionsRequired?.find((name) => PACKED.has(name));
  if (packed !== undefined) throw new HeadRefused(words.head.packed(packed));
  const vrm1 = document.extensions?.VRMC_vrm;
  if (vrm1 !== undefined || document.extensions?.VRM !== undefined) {
    return listed("vrm", Object.keys(vrm1?.expressions?.custom ?? {}));
  }
  const names: string[] = [];
  let targets = 0;
  for (const mesh of document.meshes ?? []) {
    const count = mesh.primitives?.[0]?.targets?.length ?? 0;
    if (count === 0) continue;
    targets += count;
    const own = mesh.extras?.targetNames ?? mesh.primitives?.[0]?.extras?.targetNames;
    if (!Array.isArray(own)) continue;
    if (own.length !== count) throw new HeadRefused(words.head.counts(mesh.name ?? "?", own.length, count));
    names.push(...own.map(String));
  }
  const inspection = listed("glb", names);
  if (inspection.found.size === 0) {
    throw new HeadRefused(
      targets === 0 ? words.head.noShapes : words.head.noNames(targets, names.slice(0, 3)),
    );
  }
  const needed = NEEDED.filter((shape) => !inspection.found.has(shape));
  if (needed.length > 0) throw new HeadRefused(words.head.needed(needed));
  return inspection;
}

/** A sentence for a head that lacks some shapes, or null. */
export function noticeOf(missing: readonly Shape[]): string | null {
  return missing.length === 0 ? null : words.head.partial(SHAPES.length - missing.length, missing);
}

function listed(kind: Inspection["kind"], names: readonly string[]): Inspection {
  const found = new Set(names.map(shapeOf).filter((shape) => shape !== null));
  return { kind, found, missing: SHAPES.filter((shape) => !found.has(shape)) };
}

function read(bytes: ArrayBuffer): Document {
  const view = new DataView(bytes);
  const first = bytes.byteLength > 0 ? view.getUint8(0) : 0;
  if (bytes.byteLength < 20 || view.getUint32(0, true) !== MAGIC) {
    throw new HeadRefused(first === 0x7b ? words.head.textGltf : words.head.notGltf);
  }
  const version = view.getUint32(4, true);
  if (version !== 2) throw new HeadRefused(words.head.version(version));
  const length = view.getUint32(12, true);
  if (view.getUint32(8, true) > bytes.byteLength || 20 + length > bytes.byteLength) {
    throw new HeadRefused(words.head.cut);
  }
  if (view.getUint32(16, true) !== JSON_CHUNK) throw new HeadRefused(words.head.notGltf);
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 20, length)));
  } catch (error) {
    throw new HeadRefused(words.head.cut, { cause: error });
  }
  if (typeof document !== "object" || document === null) throw new HeadRefused(words.head.notGltf);
  return document;
}
