import { MToonMaterialLoaderPlugin, type VRM, VRMLoaderPlugin, VRMUtils } from "@pixiv/three-vrm";
import { Vector3 } from "three";
import { HeadRefused, type Head, type Landmarks } from "./head.ts";
import { noticeOf, type Inspection } from "./inspect.ts";
import { loader } from "./loader.ts";
import { HEAD, LEFT_EYE, RIGHT_EYE } from "./shapes.ts";
import { dress } from "./skin.ts";
import { drivers, missingShapes } from "./vrm-weights.ts";
import { words } from "../ui/words.ts";

/** Radians that arms hang down from the T in which models are delivered. */
const ARMS_DOWN = 1.2;

/**
 * A head from a VRM 1.0 or 0.x file; throws `HeadRefused`. Its drawn materials (MToon) are kept, but not if `cheap`:
 * they cost the processor a second a frame.
 */
export async function vrmHead(bytes: ArrayBuffer, inspection: Inspection, cheap: boolean): Promise<Head> {
  const reading = loader();
  reading.register((parser) => {
    const mtoonMaterialPlugin = new MToonMaterialLoaderPlugin(parser);
    if (cheap) {
      mtoonMaterialPlugin.getMaterialType = () => null;
      mtoonMaterialPlugin.extendMaterialParams = () => null;
    }
    return new VRMLoaderPlugin(parser, { mtoonMaterialPlugin });
  });
  const gltf = await reading.parseAsync(bytes, "");
  const vrm = gltf.userData["vrm"] as VRM | undefined;
  if (!vrm) throw new HeadRefused(words.head.broken("VRM"));
  const expressions = vrm.expressionManager;
  const names = Object.keys(expressions?.expressionMap ?? {});
  const bone = (name: "head" | "leftEye" | "rightEye" | "leftUpperArm" | "rightUpperArm") =>
    vrm.humanoid.getNormalizedBoneNode(name);
  const head = bone("head");
  const eyes = [bone("leftEye"), bone("rightEye")] as const;
  const driven = drivers(names, eyes[0] !== null && eyes[1] !== null);
  if (!head || !expressions || !driven.some(({ name }) => /^(aa|jawopen)$/i.test(name))) {
    VRMUtils.deepDispose(vrm.scene);
    throw new HeadRefused(words.head.vrmFace);
  }
  VRMUtils.rotateVRM0(vrm);
  // Models of version 0 face the other way: what turns about X and Z turns back.
  const way = vrm.meta.metaVersion === "0" ? -1 : 1;
  const arms = [bone("leftUpperArm"), bone("rightUpperArm")] as const;
  if (arms[0]) arms[0].rotation.z = -ARMS_DOWN * way;
  if (arms[1]) arms[1].rotation.z = ARMS_DOWN * way;
  vrm.scene.traverse((node) => {
    node.frustumCulled = false;
  });
  dress(vrm.scene, cheap);
  vrm.update(0);
  vrm.scene.updateWorldMatrix(true, true);
  const turned = [head, ...eyes.filter((eye) => eye !== null)];
  for (const node of turned) node.rotation.order = "YXZ";
  if (vrm.lookAt) vrm.lookAt.autoUpdate = false;
  const rotate = (node: typeof head | null, motion: Float32Array, at: number): void => {
    node?.rotation.set(way * (motion[at + 1] ?? 0), motion[at] ?? 0, way * (motion[at + 2] ?? 0));
  };
  const perfect = inspection.kind === "vrm" && names.some((name) => /^jaw_?open$/i.test(name));
  return {
    root: vrm.scene,
    landmarks: find(vrm),
    notice: perfect ? noticeOf(missingShapes(names)) : words.head.presets,
    apply(motion, seconds) {
      for (const { name, weight } of driven) expressions.setValue(name, weight(motion));
      rotate(head, motion, HEAD);
      rotate(eyes[0], motion, LEFT_EYE);
      rotate(eyes[1], motion, RIGHT_EYE);
      vrm.update(seconds);
    },
    dispose() {
      VRMUtils.deepDispose(vrm.scene);
    },
  };
}

/** The eyes by their bones, else above the head's; the head's bone lies where the neck ends. */
function find(vrm: VRM): Landmarks {
  const at = (name: "head" | "leftEye" | "rightEye" | "neck"): Vector3 | null => {
    const node = vrm.humanoid.getRawBoneNode(name);
    return node && vrm.scene.worldToLocal(node.getWorldPosition(new Vector3()));
  };
  const head = at("head") ?? new Vector3(0, 1.4, 0);
  const [left, right] = [at("leftEye"), at("rightEye")];
  const neck = at("neck");
  const unit = neck ? Math.max(head.distanceTo(neck), 0.02) : 0.08;
  const eyes =
    left && right
      ? left.add(right).divideScalar(2)
      : head.clone().add(new Vector3(0, 0.9 * unit, 0.5 * unit));
  // A head's bone is about as high as the mouth: the chin lies half as far again below the eyes.
  return { eyes, length: Math.max(1.5 * (eyes.y - head.y), 0.6 * unit) };
}
