import { Bone, Mesh, Vector3, type Object3D } from "three";
import type { GLTF } from "three/examples/jsm/loaders/GLTFLoader.js";
import { disposeOf } from "./dispose.ts";
import { HeadRefused, type Head, type Landmarks } from "./head.ts";
import { measureOpenness } from "./openness.ts";
import { noticeOf, type Inspection } from "./inspect.ts";
import { SparseMorphs } from "./morphs.ts";
import { CHANNELS, HEAD, LEFT_EYE, place, RIGHT_EYE, shapeOf, type Shape } from "./shapes.ts";
import { dress } from "./skin.ts";
import { trim } from "./trim.ts";
import { Turn } from "./turn.ts";
import { words } from "../ui/words.ts";

/** The chin lies this much further below the eyes than the middle of what the jaw moves. */
const EYES_TO_CHIN = 1.385;

/** A head from a GLB whose morph targets carry ARKit's names; `cheap` where the processor draws. Throws `HeadRefused`. */
export function arkitHead(gltf: GLTF, inspection: Inspection, cheap: boolean): Head {
  const root = gltf.scene;
  root.updateWorldMatrix(true, true);
  const bent: { mesh: Mesh; morphs: SparseMorphs }[] = [];
  root.traverse((node) => {
    node.frustumCulled = false;
    if (!(node instanceof Mesh)) return;
    const mesh = node as Mesh;
    const names = mesh.morphTargetDictionary;
    if (names && mesh.morphTargetInfluences) {
      const shapes = mesh.morphTargetInfluences.map(() => -1);
      for (const [name, index] of Object.entries(names)) {
        const shape = shapeOf(name);
        if (shape) shapes[index] = place(shape);
      }
      bent.push({ mesh, morphs: new SparseMorphs(mesh, shapes) });
    }
  });
  measureOpenness(root);
  if (cheap && gltf.asset.generator === "vis-a-vis") trim(root);
  dress(root, cheap);
  const landmarks = find(root, bent);
  const head = named(root, /^(head|.*[_:]head|mixamorighead|j_bip_c_head)$/i);
  const turns = {
    head: new Turn(head ?? pivoted(root, landmarks), root),
    left: turn(root, /^(eye_?left|left_?eye|eye_?l|l_?eye|.*(eye_?left|left_?eye))$/i),
    right: turn(root, /^(eye_?right|right_?eye|eye_?r|r_?eye|.*(eye_?right|right_?eye))$/i),
  };
  const moving = bent.filter((one) => one.morphs.size > 0).map((one) => one.morphs);
  const drawn = new Float32Array(CHANNELS);
  return {
    root,
    landmarks,
    notice: noticeOf(inspection.missing),
    apply(motion) {
      drawn.set(motion);
      for (const morphs of moving) morphs.apply(drawn);
      rotate(turns.head, drawn, HEAD);
      if (turns.left) rotate(turns.left, drawn, LEFT_EYE);
      if (turns.right) rotate(turns.right, drawn, RIGHT_EYE);
    },
    dispose() {
      disposeOf(root);
    },
  };
}

function rotate(turn: Turn, motion: Float32Array, at: number): void {
  turn.to(motion[at] ?? 0, motion[at + 1] ?? 0, motion[at + 2] ?? 0);
}

function turn(root: Object3D, name: RegExp): Turn | null {
  const node = named(root, name);
  return node ? new Turn(node, root) : null;
}

/** A node of this name; a bone before a mesh, since a mesh may be skinned to it. */
function named(root: Object3D, name: RegExp): Object3D | null {
  let found: Object3D | null = null;
  root.traverse((node) => {
    if (!name.test(node.name)) return;
    if (node instanceof Mesh && (node as Mesh).geometry.hasAttribute("skinIndex")) return;
    if (found === null || (node instanceof Bone && !(found instanceof Bone))) found = node;
  });
  return found;
}

/** For a file without a head to turn: everything hangs from a point in the neck. */
function pivoted(root: Object3D, landmarks: Landmarks): Object3D {
  const pivot = root.clone(false);
  pivot.name = "pivot";
  pivot.position.copy(landmarks.eyes).add(new Vector3(0, -0.75 * landmarks.length, -0.6 * landmarks.length));
  pivot.quaternion.identity();
  pivot.scale.setScalar(1);
  const children = [...root.children];
  root.add(pivot);
  pivot.updateWorldMatrix(true, false);
  for (const child of children) pivot.attach(child);
  return pivot;
}

/** Eyes are where the blinks are; what the jaw moves has its middle at the lower lip. */
function find(root: Object3D, bent: readonly { mesh: Mesh; morphs: SparseMorphs }[]): Landmarks {
  const middle = (shape: Shape): Vector3[] =>
    bent
      .map(({ mesh, morphs }) =>
        morphs.middle(place(shape), (vertex, into) =>
          root.worldToLocal(mesh.localToWorld(mesh.getVertexPosition(vertex, into))),
        ),
      )
      .filter((point) => point !== null);
  const left = middle("eyeBlinkLeft")[0];
  const right = middle("eyeBlinkRight")[0];
  const jaw = middle("jawOpen")[0];
  if (!left || !right || !jaw) throw new HeadRefused(words.head.stillTargets);
  const eyes = left.add(right).divideScalar(2);
  const length = EYES_TO_CHIN * (eyes.y - jaw.y);
  if (!(length > 0)) throw new HeadRefused(words.head.upsideDown);
  return { eyes, length };
}
