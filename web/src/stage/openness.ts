import { BufferAttribute, Mesh, Vector3, type Object3D } from "three";
import { LIGHTS } from "./lights.ts";

/** Side of the picture of depth that is taken from each direction, pixels. */
const SIDE = 160;
/** Directions that the sky is sampled from, and the key light, which is as wide as a window. */
const SKY_SAMPLES = 26;
const KEY_SAMPLES = 10;
const KEY_WIDTH = 0.22;
/** How far behind the nearest surface still counts as lit, as a share of the head's size. */
const SLACK = 0.024;
/** Openness of what no light reaches. */
export const DARK = 0.12;
/** Materials too fine to cast or take these shadows. */
const FINE = /^(hair|lashes|brows)$/;
/** Inside, the jaw decides what light comes in; less does further back, down to this share of the head's size. */
export const INSIDE = /^(mouth|teeth|tongue)$/;
const THROAT = 0.13;

/**
 * Measures, once and at rest, how much of the sky and of the key light reaches each vertex, as the attribute
 * `openness`: the soft shadows below chin, nose and brows and under the hair that make a head sit in its light.
 * Takes some tenths of a second for 30,000 triangles; heads larger than `most` triangles are left as they are.
 */
export function measureOpenness(root: Object3D, most = 120_000): void {
  const meshes: Mesh[] = [];
  const inside: Mesh[] = [];
  root.traverse((node) => {
    if (!(node instanceof Mesh)) return;
    const mesh = node as Mesh;
    if (Array.isArray(mesh.material) || FINE.test(mesh.material.name)) return;
    (INSIDE.test(mesh.material.name) ? inside : meshes).push(mesh);
  });
  const parts = meshes.map((mesh) => {
    const points = placed(mesh);
    return {
      mesh,
      points,
      seen: new Float32Array(points.length),
      open: new Float32Array((2 * points.length) / 3),
    };
  });
  const triangles = meshes.reduce((sum, { geometry }) => sum + (geometry.index?.count ?? 0) / 3, 0);
  if (triangles === 0 || triangles > most) return;
  const { centre, radius } = sphere(parts.map((part) => part.points));
  const depth = new Float32Array(SIDE * SIDE);
  const key = LIGHTS[0];
  const views = [
    ...spread(SKY_SAMPLES).map((direction) => ({ direction, channel: 0, share: 1 / SKY_SAMPLES })),
    ...spread(KEY_SAMPLES).map((jitter) => ({
      direction: new Vector3(...key.direction).addScaledVector(jitter, KEY_WIDTH).normalize(),
      channel: 1,
      share: 1 / KEY_SAMPLES,
    })),
  ];
  for (const { direction, channel, share } of views) {
    const axes = across(direction);
    depth.fill(-Infinity);
    for (const { points, seen } of parts) project(points, centre, radius, axes, direction, seen);
    for (const { mesh, seen } of parts) fill(depth, mesh.geometry.index?.array, seen);
    for (const { seen, open } of parts) gather(depth, seen, open, channel, share);
  }
  for (const { mesh, open } of parts) {
    // A flat, open surface sees half of all directions: that is 1.
    for (let i = 0; i < open.length; i += 2) open[i] = Math.min(1, DARK + 1.9 * (open[i] ?? 0));
    mesh.geometry.setAttribute("openness", new BufferAttribute(open, 2));
  }
  darkenInside(inside, THROAT * radius);
}

function darkenInside(meshes: readonly Mesh[], reach: number): void {
  const parts = meshes.map((mesh) => ({ mesh, points: placed(mesh) }));
  let front = -Infinity;
  for (const { points } of parts)
    for (let z = 2; z < points.length; z += 3) front = Math.max(front, points[z] ?? 0);
  for (const { mesh, points } of parts) {
    const open = new Float32Array((2 * points.length) / 3);
    for (let vertex = 0; vertex < open.length / 2; vertex++) {
      const near = Math.max(0, 1 - (front - (points[3 * vertex + 2] ?? 0)) / reach);
      open.fill(0.04 + 0.7 * near * near, 2 * vertex, 2 * vertex + 2);
    }
    mesh.geometry.setAttribute("openness", new BufferAttribute(open, 2));
  }
}

function placed(mesh: Mesh): Float32Array {
  const count = mesh.geometry.getAttribute("position").count;
  const points = new Float32Array(3 * count);
  const point = new Vector3();
  for (let vertex = 0; vertex < count; vertex++) {
    mesh.localToWorld(mesh.getVertexPosition(vertex, point)).toArray(points, 3 * vertex);
  }
  return points;
}

function sphere(parts: readonly Float32Array[]): { centre: Vector3; radius: number } {
  const low = new Vector3(Infinity, Infinity, Infinity);
  const high = low.clone().negate();
  const point = new Vector3();
  for (const points of parts) {
    for (let at = 0; at < points.length; at += 3) {
      point.fromArray(points, at);
      low.min(point);
      high.max(point);
    }
  }
  return { centre: low.clone().add(high).divideScalar(2), radius: low.distanceTo(high) / 2 };
}

/** Directions all round, evenly (Fibonacci's spiral). */
function spread(count: number): Vector3[] {
  return Array.from({ length: count }, (_, i) => {
    const y = 1 - (2 * i + 1) / count;
    const around = i * Math.PI * (3 - Math.sqrt(5));
    const wide = Math.sqrt(1 - y * y);
    return new Vector3(wide * Math.cos(around), y, wide * Math.sin(around));
  });
}

function across(direction: Vector3): readonly [Vector3, Vector3] {
  const right = new Vector3(Math.abs(direction.y) > 0.9 ? 1 : 0, Math.abs(direction.y) > 0.9 ? 0 : 1, 0)
    .cross(direction)
    .normalize();
  return [right, direction.clone().cross(right)];
}

/** Pixels and depth (towards the light is more) of points, as seen from `direction`, into `seen`. */
function project(
  points: Float32Array,
  centre: Vector3,
  radius: number,
  [right, up]: readonly [Vector3, Vector3],
  direction: Vector3,
  seen: Float32Array,
): void {
  const scale = (SIDE - 4) / (2 * radius);
  for (let at = 0; at < points.length; at += 3) {
    const x = (points[at] ?? 0) - centre.x;
    const y = (points[at + 1] ?? 0) - centre.y;
    const z = (points[at + 2] ?? 0) - centre.z;
    seen[at] = SIDE / 2 + scale * (x * right.x + y * right.y + z * right.z);
    seen[at + 1] = SIDE / 2 + scale * (x * up.x + y * up.y + z * up.z);
    seen[at + 2] = (x * direction.x + y * direction.y + z * direction.z) / radius;
  }
}

function fill(depth: Float32Array, index: ArrayLike<number> | undefined, seen: Float32Array): void {
  if (!index) return;
  for (let i = 0; i < index.length; i += 3) {
    const a = 3 * (index[i] ?? 0);
    const b = 3 * (index[i + 1] ?? 0);
    const c = 3 * (index[i + 2] ?? 0);
    const ax = seen[a] ?? 0;
    const ay = seen[a + 1] ?? 0;
    const bx = seen[b] ?? 0;
    const by = seen[b + 1] ?? 0;
    const cx = seen[c] ?? 0;
    const cy = seen[c + 1] ?? 0;
    const area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay);
    if (Math.abs(area) < 1e-9) continue;
    const top = Math.min(Math.ceil(Math.max(ay, by, cy)), SIDE - 1);
    const far = Math.min(Math.ceil(Math.max(ax, bx, cx)), SIDE - 1);
    for (let y = Math.max(Math.floor(Math.min(ay, by, cy)), 0); y <= top; y++) {
      for (let x = Math.max(Math.floor(Math.min(ax, bx, cx)), 0); x <= far; x++) {
        const u = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area;
        const v = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area;
        if (u < 0 || v < 0 || u + v > 1) continue;
        const near = (seen[a + 2] ?? 0) * (1 - u - v) + (seen[b + 2] ?? 0) * u + (seen[c + 2] ?? 0) * v;
        const pixel = y * SIDE + x;
        if (near > (depth[pixel] ?? 0)) depth[pixel] = near;
      }
    }
  }
}

function gather(
  depth: Float32Array,
  seen: Float32Array,
  open: Float32Array,
  channel: number,
  share: number,
): void {
  for (let at = 0, into = channel; at < seen.length; at += 3, into += 2) {
    const x = Math.min(Math.max(Math.floor(seen[at] ?? 0), 0), SIDE - 2);
    const y = Math.min(Math.max(Math.floor(seen[at + 1] ?? 0), 0), SIDE - 2);
    const own = (seen[at + 2] ?? 0) + SLACK;
    const fx = (seen[at] ?? 0) - x;
    const fy = (seen[at + 1] ?? 0) - y;
    const lit = (column: number, row: number): number =>
      own >= (depth[row * SIDE + column] ?? 0) ? share : 0;
    const low = lit(x, y) * (1 - fx) + lit(x + 1, y) * fx;
    const high = lit(x, y + 1) * (1 - fx) + lit(x + 1, y + 1) * fx;
    open[into] = (open[into] ?? 0) + low * (1 - fy) + high * fy;
  }
}
