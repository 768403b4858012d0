import { BufferAttribute, Mesh, Vector3, type Object3D } from "three";
import { DARK, INSIDE } from "./openness.ts";

/** A head turns by less than 35 degrees here: what faces back by more than that again is never seen. */
const BACKWARDS = -0.58;
/** Lids show less than the front half of an eye, wherever it looks. */
const BEHIND_LIDS = 0.05;

/**
 * Leave out what only the back of the head shows and what no light reaches, such as skin under hair: where the
 * processor draws, it is triangles that cost. For heads that face +Z, at rest.
 */
export function trim(root: Object3D): void {
  root.traverse((node) => {
    if (!(node instanceof Mesh)) return;
    const mesh = node as Mesh;
    const { index } = mesh.geometry;
    if (!index) return;
    const hidden = hiddenAtRest(mesh);
    const inside = !Array.isArray(mesh.material) && INSIDE.test(mesh.material.name);
    if (mesh.geometry.hasAttribute("openness") && !inside) {
      const open = mesh.geometry.getAttribute("openness");
      for (let i = 0; i < hidden.length; i++) if (open.getX(i) <= DARK) hidden[i] = 1;
    }
    const kept: number[] = [];
    for (let i = 0; i < index.count; i += 3) {
      const corners = [index.getX(i), index.getX(i + 1), index.getX(i + 2)];
      if (!corners.every((corner) => hidden[corner] === 1)) kept.push(...corners);
    }
    mesh.geometry.setIndex(new BufferAttribute(Uint32Array.from(kept), 1));
  });
}

/** Hair stands on end: where a strand is tells more than where it faces. */
function hiddenAtRest(mesh: Mesh): Uint8Array {
  const normals = mesh.geometry.getAttribute("normal");
  const positions = mesh.geometry.getAttribute("position");
  const hair = named(mesh, "hair") || named(mesh, "hair cap");
  const limit = named(mesh, "eye") ? BEHIND_LIDS : BACKWARDS;
  const centre = new Vector3();
  if (hair) {
    mesh.geometry.computeBoundingBox();
    mesh.geometry.boundingBox?.getCenter(centre);
  }
  const flags = new Uint8Array(normals.count);
  const way = new Vector3();
  for (let vertex = 0; vertex < flags.length; vertex++) {
    if (hair) way.fromBufferAttribute(positions, vertex).sub(centre).normalize();
    else way.fromBufferAttribute(normals, vertex);
    flags[vertex] = way.z < limit ? 1 : 0;
  }
  return flags;
}

function named(mesh: Mesh, material: string): boolean {
  return !Array.isArray(mesh.material) && mesh.material.name === material;
}
