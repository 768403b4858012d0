import { place, SHAPES, shapeOf, type Shape } from "./shapes.ts";

/**
 * From the motion's numbers to one expression's weight. VRM's presets stand for several shapes at once.
 */
export type Weight = (motion: Float32Array) => number;

const of = (shape: Shape): Weight => {
  const at = place(shape);
  return (motion) => motion[at] ?? 0;
};
const clamp = (value: number): number => Math.min(Math.max(value, 0), 1);
const mean =
  (a: Weight, b: Weight): Weight =>
  (motion) =>
    (a(motion) + b(motion)) / 2;

const open = of("jawOpen");
const shut = of("mouthClose");
const funnel = of("mouthFunnel");
const pucker = of("mouthPucker");
const stretch = mean(of("mouthStretchLeft"), of("mouthStretchRight"));
const smile = mean(of("mouthSmileLeft"), of("mouthSmileRight"));
const frown = mean(of("mouthFrownLeft"), of("mouthFrownRight"));
/** Lips shut over an open jaw aren't open. */
const gap: Weight = (motion) => clamp(open(motion) - shut(motion));

/** The presets that a model without ARKit's expressions is moved by. */
export const PRESETS: Readonly<Record<string, Weight>> = {
  blinkLeft: of("eyeBlinkLeft"),
  blinkRight: of("eyeBlinkRight"),
  lookUp: mean(of("eyeLookUpLeft"), of("eyeLookUpRight")),
  lookDown: mean(of("eyeLookDownLeft"), of("eyeLookDownRight")),
  lookLeft: mean(of("eyeLookOutLeft"), of("eyeLookInRight")),
  lookRight: mean(of("eyeLookInLeft"), of("eyeLookOutRight")),
  // An open jaw is an "aa" as far as the lips are neither round nor spread.
  aa: (motion) =>
    clamp(1.5 * gap(motion) * (1 - clamp(funnel(motion) + pucker(motion))) * (1 - 0.5 * stretch(motion))),
  oh: (motion) => clamp(funnel(motion)) * clamp(0.35 + 1.5 * gap(motion)),
  ou: (motion) => clamp(pucker(motion)) * (1 - 0.5 * clamp(funnel(motion))),
  ee: (motion) => 0.6 * clamp(stretch(motion)) * clamp(4 * gap(motion)),
  ih: (motion) => 0.5 * clamp(stretch(motion)) * (1 - clamp(2 * gap(motion))),
  happy: (motion) => 0.7 * clamp(smile(motion)),
  sad: (motion) => 0.5 * clamp(frown(motion)),
  surprised: (motion) => 0.4 * clamp(mean(of("browOuterUpLeft"), of("browOuterUpRight"))(motion)),
};

/**
 * How each of a model's expressions is driven: by the ARKit shape it is named for, else, where the shapes it stands
 * for aren't there, as a preset. `eyeBones`: whether bones turn the eyes.
 */
export function drivers(names: readonly string[], eyeBones: boolean): { name: string; weight: Weight }[] {
  const arkit = names.map((name) => ({ name, shape: shapeOf(name) })).filter(({ shape }) => shape !== null);
  const shapes = new Set(arkit.map(({ shape }) => shape));
  const driven = arkit.map(({ name, shape }) => ({ name, weight: of(shape ?? "jawOpen") }));
  const blinks = shapes.has("eyeBlinkLeft") && shapes.has("eyeBlinkRight");
  const mouth = shapes.has("jawOpen");
  for (const [name, weight] of Object.entries(PRESETS)) {
    if (!names.includes(name)) continue;
    if (
      name.startsWith("look")
        ? eyeBones || shapes.has("eyeLookUpLeft")
        : name.startsWith("blink")
          ? blinks
          : mouth
    )
      continue;
    driven.push({ name, weight });
  }
  if (!blinks && names.includes("blink") && !names.includes("blinkLeft")) {
    driven.push({ name: "blink", weight: mean(of("eyeBlinkLeft"), of("eyeBlinkRight")) });
  }
  return driven;
}

/** Which of ARKit's shapes no expression of these names stands for. */
export function missingShapes(names: readonly string[]): Shape[] {
  const found = new Set(names.map(shapeOf));
  return SHAPES.filter((shape) => !found.has(shape));
}
