import { describe, expect, test } from "vitest";
import { HeadRefused } from "../../src/stage/head.ts";
import { inspect, LARGEST, noticeOf } from "../../src/stage/inspect.ts";
import { SHAPES } from "../../src/stage/shapes.ts";
import { container, ENOUGH, headGlb } from "./glb.ts";

function refusal(bytes: ArrayBuffer): string {
  try {
    inspect(bytes);
  } catch (error) {
    if (error instanceof HeadRefused) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("what a file says of itself", () => {
  test("a head with all shapes, in anybody's spelling, lacks nothing", () => {
    const targets = SHAPES.map(
      (name) => [`Mesh.${name.replace(/Left$/, "_L").replace(/Right$/, "_R")}`, 0] as const,
    );
    expect(inspect(headGlb({ targets })).missing).toEqual([]);
  });

  test("a head with a mouth and blinks only is taken, and what it lacks is listed", () => {
    const { missing, kind } = inspect(headGlb({ targets: ENOUGH }));
    expect(kind).toBe("glb");
    expect(missing).toHaveLength(49);
    expect(noticeOf(missing)).toContain("3 of the 52 shapes");
    expect(noticeOf(missing)).toContain("mouthClose");
  });

  test("a head that can't open its mouth is refused and the shape is named", () => {
    expect(
      refusal(
        headGlb({
          targets: [
            ["eyeBlinkLeft", 0],
            ["eyeBlinkRight", 1],
          ],
        }),
      ),
    ).toContain("jawOpen");
  });

  test("a model without morph targets is refused", () => {
    expect(refusal(headGlb({ targets: [], names: null }))).toContain("no morph targets");
  });

  test("morph targets with other names are refused, quoting some of them", () => {
    expect(refusal(headGlb({ targets: [["Smirk", 0]] }))).toContain("Smirk");
    expect(refusal(headGlb({ targets: ENOUGH, names: null }))).toContain("no names");
  });

  test("another number of names than of targets is refused with both numbers", () => {
    const words = refusal(headGlb({ targets: ENOUGH, names: ["jawOpen", "eyeBlinkLeft"] }));
    expect(words).toContain("2 shapes");
    expect(words).toContain("3 morph targets");
  });

  test("files that aren't glTF, or only its text, are told apart", () => {
    expect(refusal(new TextEncoder().encode("a picture, perhaps, or a letter").buffer)).toContain(
      "isn't a GLB",
    );
    expect(refusal(new TextEncoder().encode('{"asset":{"version":"2.0"}}').buffer)).toContain(".gltf");
    expect(refusal(new ArrayBuffer(0))).toContain("isn't a GLB");
  });

  test("a file that was cut off says so, wherever it was cut", () => {
    const whole = headGlb({ targets: ENOUGH });
    for (const length of [40, 400, whole.byteLength - 1])
      expect(refusal(whole.slice(0, length))).toContain("cut off");
  });

  test("glTF 1 is refused by its number", () => {
    const bytes = headGlb({ targets: ENOUGH });
    new DataView(bytes).setUint32(4, 1, true);
    expect(refusal(bytes)).toContain("glTF 1");
  });

  test("nothing is fetched from elsewhere: other files and hosts are refused, pictures inside are not", () => {
    const with_ = (uri: string): ArrayBuffer => headGlb({ targets: ENOUGH, extra: { images: [{ uri }] } });
    expect(refusal(with_("https://example.org/skin.png"))).toContain("https://example.org/skin.png");
    expect(refusal(with_("skin.png"))).toContain("skin.png");
    expect(inspect(with_("data:image/png;base64,AA==")).found.size).toBe(3);
  });

  test("compression that the page doesn't read is named", () => {
    const extra = { extensionsRequired: ["KHR_draco_mesh_compression"] };
    expect(refusal(headGlb({ targets: ENOUGH, extra }))).toContain("KHR_draco_mesh_compression");
  });

  test("a file that is too large is refused before it is read", () => {
    expect(refusal({ byteLength: LARGEST + 1 } as ArrayBuffer)).toContain("96 MB");
  });

  test("a VRM is known by its extension, with the expressions of its own", () => {
    const custom = { JawOpen: {}, EyeBlinkLeft: {}, waving: {} };
    const found = inspect(container({ extensions: { VRMC_vrm: { expressions: { custom } } } }));
    expect(found.kind).toBe("vrm");
    expect([...found.found].sort()).toEqual(["eyeBlinkLeft", "jawOpen"]);
    expect(inspect(container({ extensions: { VRM: {} } })).kind).toBe("vrm");
  });
});
