/** Everything that the page says. */

const list = (names: readonly string[]): string => names.join(", ");

export const words = {
  head: {
    tooLarge: (mib: number, most: number) =>
      `This file has ${mib.toFixed(0)} MB; heads of up to ${most.toFixed(0)} MB are taken. Smaller textures usually do it.`,
    notGltf: "This isn't a GLB or VRM file. Export the head as binary glTF (.glb) or VRM.",
    textGltf: "This is a .gltf, whose parts lie in other files. Export it as one binary .glb.",
    version: (version: number) => `This is glTF ${version.toString()}; the page reads glTF 2.0. Export it again as 2.0.`,
    cut: "This file is cut off or damaged. Copy or export it again.",
    outside: (uri: string) =>
      `This file needs another one (${uri}), and the page fetches nothing from elsewhere. Export one self-contained .glb.`,
    packed: (extension: string) => `This file is compressed with ${extension}. Export it without compression.`,
    counts: (mesh: string, names: number, targets: number) =>
      `The mesh “${mesh}” names ${names.toString()} shapes but has ${targets.toString()} morph targets, so nobody can say which is which. Export it again.`,
    noShapes: "This model has no morph targets, so its face can't move. It needs ARKit's 52 shapes.",
    noNames: (targets: number, examples: readonly string[]) =>
      `None of this model's ${targets.toString()} morph targets has an ARKit name such as jawOpen or eyeBlinkLeft` +
      (examples.length > 0 ? ` (they are called ${list(examples)}, …).` : " (they have no names).") +
      " Rename them and export it again.",
    needed: (missing: readonly string[]) =>
      `This model can't ${missing.includes("jawOpen") ? "open its mouth" : "blink"}: it has no ${list(missing)}.`,
    partial: (found: number, missing: readonly string[]) =>
      `This head has ${found.toString()} of the 52 shapes and does without ${list(missing)}.`,
    presets: "This VRM has no ARKit expressions; its mouth, blinks and gaze follow the standard ones, more coarsely.",
    stillTargets: "This model's jawOpen or eyeBlink shapes move nothing. Export it with its morph targets.",
    upsideDown: "This model's mouth lies above its eyes. Export it upright, Y up.",
    vrmFace: "This VRM has neither a mouth nor blinks among its expressions, so its face can't talk.",
    broken: (why: string) => `This file couldn't be opened: ${why}`,
    unreachable: (what: string) => `The head couldn't be fetched (${what}). Check that the server runs.`,
  },
} as const;
