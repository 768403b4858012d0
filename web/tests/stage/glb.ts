/** Small heads made for tests: two triangles that blink and a third one that is the jaw. */

export interface Recipe {
  /** Morph targets by name; each moves one triangle: 0 left eye, 1 right eye, 2 jaw. */
  readonly targets: readonly (readonly [name: string, triangle: 0 | 1 | 2])[];
  readonly names?: readonly string[] | null;
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly generator?: string;
}

/** Eyes at 1.6, the jaw's middle at 1.5; units are metres. */
const CORNERS = [
  [0.02, 1.6, 0.1], [0.04, 1.6, 0.1], [0.03, 1.6, 0.1],
  [-0.02, 1.6, 0.1], [-0.04, 1.6, 0.1], [-0.03, 1.6, 0.1],
  [-0.02, 1.5, 0.1], [0.02, 1.5, 0.1], [0, 1.5, 0.1],
].flat(); // prettier-ignore

export function headGlb({ targets, names, extra = {}, generator = "a test" }: Recipe): ArrayBuffer {
  const chunks: Float32Array[] = [Float32Array.from(CORNERS)];
  for (const [, triangle] of targets) {
    const moved = new Float32Array(27);
    for (let corner = 0; corner < 3; corner++) moved[9 * triangle + 3 * corner + 1] = -0.01;
    chunks.push(moved);
  }
  const binary = new Uint8Array(chunks.length * 108);
  chunks.forEach((chunk, i) => {
    binary.set(new Uint8Array(chunk.buffer), 108 * i);
  });
  const called = names === undefined ? targets.map(([name]) => name) : names;
  return container(
    {
      asset: { version: "2.0", generator },
      scene: 0,
      scenes: [{ nodes: [0] }],
      nodes: [
        { name: "Head", mesh: 0, children: [1, 2] },
        { name: "LeftEye", translation: [0.03, 1.6, 0.1] },
        { name: "RightEye", translation: [-0.03, 1.6, 0.1] },
      ],
      meshes: [
        {
          name: "face",
          primitives: [
            { attributes: { POSITION: 0 }, targets: targets.map((_, i) => ({ POSITION: i + 1 })) },
          ],
          ...(called === null ? {} : { extras: { targetNames: called } }),
        },
      ],
      buffers: [{ byteLength: binary.byteLength }],
      bufferViews: chunks.map((_, i) => ({ buffer: 0, byteOffset: 108 * i, byteLength: 108 })),
      accessors: chunks.map((_, i) => ({
        bufferView: i,
        componentType: 5126,
        count: 9,
        type: "VEC3",
        min: [-1, -1, -1],
        max: [2, 2, 2],
      })),
      ...extra,
    },
    binary,
  );
}

export function container(document: unknown, binary = new Uint8Array(0)): ArrayBuffer {
  const text = new TextEncoder().encode(JSON.stringify(document));
  const json = Math.ceil(text.length / 4) * 4;
  const bytes = new Uint8Array(20 + json + 8 + binary.length).fill(0x20);
  const view = new DataView(bytes.buffer);
  [0x46546c67, 2, bytes.length, json, 0x4e4f534a].forEach((value, i) => {
    view.setUint32(4 * i, value, true);
  });
  bytes.set(text, 20);
  view.setUint32(20 + json, binary.length, true);
  view.setUint32(24 + json, 0x004e4942, true);
  bytes.set(binary, 28 + json);
  return bytes.buffer;
}

export const ENOUGH = [
  ["eyeBlink_L", 0],
  ["EyeBlinkRight", 1],
  ["jawOpen", 2],
] as const;
