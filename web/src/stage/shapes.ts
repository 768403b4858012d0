/** ARKit's 52 face shapes in the order of the motion, and how other people spell them. */

export const SHAPES = [
  "eyeBlinkLeft",
  "eyeLookDownLeft",
  "eyeLookInLeft",
  "eyeLookOutLeft",
  "eyeLookUpLeft",
  "eyeSquintLeft",
  "eyeWideLeft",
  "eyeBlinkRight",
  "eyeLookDownRight",
  "eyeLookInRight",
  "eyeLookOutRight",
  "eyeLookUpRight",
  "eyeSquintRight",
  "eyeWideRight",
  "jawForward",
  "jawLeft",
  "jawRight",
  "jawOpen",
  "mouthClose",
  "mouthFunnel",
  "mouthPucker",
  "mouthLeft",
  "mouthRight",
  "mouthSmileLeft",
  "mouthSmileRight",
  "mouthFrownLeft",
  "mouthFrownRight",
  "mouthDimpleLeft",
  "mouthDimpleRight",
  "mouthStretchLeft",
  "mouthStretchRight",
  "mouthRollLower",
  "mouthRollUpper",
  "mouthShrugLower",
  "mouthShrugUpper",
  "mouthPressLeft",
  "mouthPressRight",
  "mouthLowerDownLeft",
  "mouthLowerDownRight",
  "mouthUpperUpLeft",
  "mouthUpperUpRight",
  "browDownLeft",
  "browDownRight",
  "browInnerUp",
  "browOuterUpLeft",
  "browOuterUpRight",
  "cheekPuff",
  "cheekSquintLeft",
  "cheekSquintRight",
  "noseSneerLeft",
  "noseSneerRight",
  "tongueOut",
] as const;

export type Shape = (typeof SHAPES)[number];

/** How many numbers a motion has: the shapes, then yaw, pitch, roll of the head and of each eye, radians. */
export const CHANNELS = 61;
export const HEAD = 52;
export const LEFT_EYE = 55;
export const RIGHT_EYE = 58;

/** Without these a head can neither talk nor blink. */
export const NEEDED: readonly Shape[] = ["jawOpen", "eyeBlinkLeft", "eyeBlinkRight"];

/** Where a shape stands in the motion, 0..51. */
export function place(shape: Shape): number {
  return SHAPES.indexOf(shape);
}

const SPELLINGS: ReadonlyMap<string, Shape> = spellings();

/**
 * The shape that a morph target or an expression means, or null: whatever the case, with `Left` or `_L`, with the
 * mesh's name before a full stop.
 */
export function shapeOf(name: string): Shape | null {
  const own = name.slice(name.lastIndexOf(".") + 1);
  const plain = own
    .toLowerCase()
    .replace(/[^a-z]/g, "")
    .replace(/^arkit/, "");
  return SPELLINGS.get(plain) ?? null;
}

function spellings(): Map<string, Shape> {
  const found = new Map<string, Shape>();
  for (const shape of SHAPES) {
    const plain = shape.toLowerCase();
    found.set(plain, shape);
    const side = /^(.*)(left|right)$/.exec(plain);
    if (side) found.set(`${side[1] ?? ""}${(side[2] ?? "").charAt(0)}`, shape);
  }
  // Some makers split what ARKit has once for both sides.
  for (const shape of ["browInnerUp", "cheekPuff"] as const) {
    for (const side of ["left", "right", "l", "r"]) found.set(shape.toLowerCase() + side, shape);
  }
  return found;
}
