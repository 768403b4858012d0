import { BufferAttribute, DynamicDrawUsage, Vector3, type BufferGeometry, type Mesh } from "three";

/** One morph target of one mesh: what it adds at weight 1, only where it moves anything. */
interface Target {
  readonly shape: number;
  readonly vertices: Uint32Array;
  /** x y z of the position, then of the normal, for each of `vertices`. */
  readonly offsets: Float32Array;
}

/** Offsets smaller than this (as a share of the target's largest) aren't worth adding. */
const STILL = 1e-3;
/** Weights that moved less than this draw the same picture. */
const SAME = 2e-4;

/**
 * Bends one mesh by adding its morph targets here, not on the graphics card: a shape moves a small part of the face,
 * and without a card the card's way costs two texture reads a shape and vertex. Nothing is allocated once made.
 */
export class SparseMorphs {
  private readonly targets: Target[] = [];
  private readonly drawn: Float32Array;
  private readonly positions: BufferAttribute;
  private readonly normals: BufferAttribute | null;
  private readonly restPositions: Float32Array;
  private readonly restNormals: Float32Array | null;

  /** `shapes`: for each morph target of the mesh the place of its weight in the motion, or -1. */
  constructor(mesh: Mesh, shapes: readonly number[]) {
    const geometry = mesh.geometry;
    const bends = geometry.morphAttributes.position ?? [];
    const turns = geometry.morphAttributes.normal ?? [];
    const relative = geometry.morphTargetsRelative;
    this.restPositions = plain(geometry, "position");
    this.restNormals = geometry.hasAttribute("normal") ? plain(geometry, "normal") : null;
    for (const [index, shape] of shapes.entries()) {
      const bend = bends[index];
      if (shape < 0 || !bend) continue;
      const target = sparse(
        shape,
        bend,
        turns[index],
        relative ? null : this.restPositions,
        relative ? null : this.restNormals,
      );
      if (target.vertices.length > 0) this.targets.push(target);
    }
    this.drawn = new Float32Array(this.targets.length).fill(-1);
    this.positions = moving(this.restPositions);
    this.normals = this.restNormals && moving(this.restNormals);
    if (this.targets.length > 0) {
      geometry.setAttribute("position", this.positions);
      if (this.normals) geometry.setAttribute("normal", this.normals);
    }
    // The renderer would build a texture of every target from these.
    geometry.morphAttributes = {};
    delete mesh.morphTargetInfluences;
    delete mesh.morphTargetDictionary;
  }

  /** How many of the mesh's targets do anything. */
  get size(): number {
    return this.targets.length;
  }

  /** The middle of what the target of this shape moves, each vertex counting as it moves; null if it moves nothing. */
  middle(shape: number, locate: (vertex: number, into: Vector3) => Vector3): Vector3 | null {
    const target = this.targets.find((one) => one.shape === shape);
    if (!target) return null;
    const mean = new Vector3();
    const point = new Vector3();
    let total = 0;
    target.vertices.forEach((vertex, i) => {
      const [x = 0, y = 0, z = 0] = target.offsets.subarray(6 * i, 6 * i + 3);
      const size = Math.hypot(x, y, z);
      mean.addScaledVector(locate(vertex, point), size);
      total += size;
    });
    return mean.divideScalar(total);
  }

  /** Bend to the weights in `motion`; says whether anything changed. */
  apply(motion: Float32Array): boolean {
    let changed = false;
    let index = 0;
    for (const target of this.targets) {
      if (Math.abs((motion[target.shape] ?? 0) - (this.drawn[index] ?? 0)) > SAME) changed = true;
      index += 1;
    }
    if (!changed) return false;
    const points = this.positions.array as Float32Array;
    points.set(this.restPositions);
    const turns = this.normals ? (this.normals.array as Float32Array) : null;
    if (turns && this.restNormals) turns.set(this.restNormals);
    index = 0;
    for (const target of this.targets) {
      const weight = motion[target.shape] ?? 0;
      this.drawn[index] = weight;
      index += 1;
      if (Math.abs(weight) > SAME) add(target, weight, points, turns);
    }
    this.positions.needsUpdate = true;
    if (this.normals) this.normals.needsUpdate = true;
    return true;
  }
}

function add(target: Target, weight: number, points: Float32Array, turns: Float32Array | null): void {
  const { vertices, offsets } = target;
  for (let i = 0, from = 0; i < vertices.length; i++, from += 6) {
    const at = 3 * (vertices[i] ?? 0);
    points[at] = (points[at] ?? 0) + weight * (offsets[from] ?? 0);
    points[at + 1] = (points[at + 1] ?? 0) + weight * (offsets[from + 1] ?? 0);
    points[at + 2] = (points[at + 2] ?? 0) + weight * (offsets[from + 2] ?? 0);
    if (turns) {
      turns[at] = (turns[at] ?? 0) + weight * (offsets[from + 3] ?? 0);
      turns[at + 1] = (turns[at + 1] ?? 0) + weight * (offsets[from + 4] ?? 0);
      turns[at + 2] = (turns[at + 2] ?? 0) + weight * (offsets[from + 5] ?? 0);
    }
  }
}

type Values = BufferGeometry["attributes"][string];

function sparse(
  shape: number,
  bend: Values,
  turn: Values | undefined,
  restPositions: Float32Array | null,
  restNormals: Float32Array | null,
): Target {
  const dense = new Float32Array(6 * bend.count);
  const largest = [0, 0];
  for (let vertex = 0; vertex < bend.count; vertex++) {
    for (let axis = 0; axis < 3; axis++) {
      const moved = bend.getComponent(vertex, axis) - (restPositions?.[3 * vertex + axis] ?? 0);
      const turned = turn ? turn.getComponent(vertex, axis) - (restNormals?.[3 * vertex + axis] ?? 0) : 0;
      dense[6 * vertex + axis] = moved;
      dense[6 * vertex + 3 + axis] = turned;
      largest[0] = Math.max(largest[0] ?? 0, Math.abs(moved));
      largest[1] = Math.max(largest[1] ?? 0, Math.abs(turned));
    }
  }
  const kept: number[] = [];
  const floors = [STILL * (largest[0] ?? 0), 10 * STILL * (largest[1] ?? 0)];
  for (let vertex = 0; vertex < bend.count; vertex++) {
    for (let axis = 0; axis < 6; axis++) {
      if (Math.abs(dense[6 * vertex + axis] ?? 0) > (floors[axis < 3 ? 0 : 1] ?? 0)) {
        kept.push(vertex);
        break;
      }
    }
  }
  const offsets = new Float32Array(6 * kept.length);
  kept.forEach((vertex, i) => {
    offsets.set(dense.subarray(6 * vertex, 6 * vertex + 6), 6 * i);
  });
  return { shape, vertices: Uint32Array.from(kept), offsets };
}

function plain(geometry: BufferGeometry, name: string): Float32Array {
  const values = geometry.getAttribute(name);
  const all = new Float32Array(3 * values.count);
  for (let vertex = 0; vertex < values.count; vertex++) {
    for (let axis = 0; axis < 3; axis++) all[3 * vertex + axis] = values.getComponent(vertex, axis);
  }
  return all;
}

function moving(rest: Float32Array): BufferAttribute {
  const attribute = new BufferAttribute(rest.slice(), 3);
  attribute.setUsage(DynamicDrawUsage);
  return attribute;
}
