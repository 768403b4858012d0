import { Mesh, Vector3, type Object3D } from "three";
import { describe, expect, test } from "vitest";
import { readHead } from "../../src/stage/load.ts";
import { CHANNELS, HEAD, place } from "../../src/stage/shapes.ts";
import { ENOUGH, headGlb } from "./glb.ts";

function face(root: Object3D): Mesh {
  const found = root.getObjectsByProperty("isMesh", true)[0];
  if (!(found instanceof Mesh)) throw new Error("no mesh");
  return found as Mesh;
}

const heights = (mesh: Mesh): number[] => {
  const { array } = mesh.geometry.getAttribute("position");
  return [1, 10, 19].map((at) => Number((array[at] ?? 0).toFixed(4)));
};

describe("a head from a GLB", () => {
  test("finds its eyes where it blinks and its chin below what the jaw moves", async () => {
    const { landmarks } = await readHead(headGlb({ targets: ENOUGH }), true);
    expect(landmarks.eyes.distanceTo(new Vector3(0, 1.6, 0.1))).toBeLessThan(1e-6);
    expect(landmarks.length).toBeGreaterThan(0.1);
    expect(landmarks.length).toBeLessThan(0.16);
  });

  test("moves as the motion says, each target by the place of its shape", async () => {
    const head = await readHead(headGlb({ targets: ENOUGH }), true);
    const motion = new Float32Array(CHANNELS);
    motion[place("jawOpen")] = 0.5;
    motion[place("eyeBlinkRight")] = 1;
    head.apply(motion, 0.04);
    expect(heights(face(head.root))).toEqual([1.6, 1.59, 1.495]);
    head.apply(new Float32Array(CHANNELS), 0.04);
    expect(heights(face(head.root))).toEqual([1.6, 1.6, 1.5]);
  });

  test("turns to its own left for positive yaw and looks down for positive pitch", async () => {
    const head = await readHead(headGlb({ targets: ENOUGH }), true);
    const nose = (yaw: number, pitch: number): Vector3 => {
      const motion = new Float32Array(CHANNELS);
      motion.set([yaw, pitch, 0], HEAD);
      head.apply(motion, 0.04);
      head.root.updateWorldMatrix(true, true);
      return new Vector3(0, 0, 1).transformDirection(face(head.root).matrixWorld);
    };
    expect(nose(0.3, 0).x).toBeCloseTo(Math.sin(0.3), 5);
    expect(nose(0, 0.2).y).toBeCloseTo(-Math.sin(0.2), 5);
  });

  test("draws without morph targets of the renderer, whose textures would cost memory", async () => {
    const mesh = face((await readHead(headGlb({ targets: ENOUGH }), true)).root);
    expect(mesh.geometry.morphAttributes).toEqual({});
    expect(mesh.morphTargetInfluences).toBeUndefined();
  });

  test("tells what it does without", async () => {
    expect((await readHead(headGlb({ targets: ENOUGH }), false)).notice).toContain("3 of the 52");
  });

  test("is refused when its mouth lies above its eyes", async () => {
    const upsideDown = [
      ["jawOpen", 0],
      ["eyeBlinkLeft", 2],
      ["eyeBlinkRight", 2],
    ] as const;
    await expect(readHead(headGlb({ targets: upsideDown }), true)).rejects.toThrow("upright");
  });

  test("that is broken inside is refused in words, not with a stack", async () => {
    const extra = { bufferViews: [] };
    await expect(readHead(headGlb({ targets: ENOUGH, extra }), true)).rejects.toThrow("couldn't be opened");
  });
});
