import {
  Color,
  DirectionalLight,
  Group,
  HemisphereLight,
  PMREMGenerator,
  Vector3,
  type Scene,
  type WebGLRenderer,
} from "three";
import { RoomEnvironment } from "three/examples/jsm/environments/RoomEnvironment.js";

interface Light {
  /** Where it comes from, of length 1. */
  readonly direction: readonly [number, number, number];
  /** Linear, strength included: what a white surface facing it sends back. */
  readonly colour: readonly [number, number, number];
  /** The one that casts shadows. */
  readonly key: boolean;
}

/** How a surface takes light, for materials lit at the vertices. */
export interface Surface {
  /** How far light goes round the edge of shadow, for red, green, blue. */
  readonly wrap: readonly [number, number, number];
  readonly specular: number;
  readonly shininess: number;
  /** How bright a window shines in it, for eyes. */
  readonly glint?: number;
}

/** Portrait light: a warm key from the upper left, a cool fill from the right, two rims from behind, a breath from below. */
export const LIGHTS: readonly [Light, Light, Light, Light] = [
  light(-0.8, 0.95, 1.35, 0xffecd9, 0.66, true),
  light(1.5, 0.3, 1.2, 0xcfe0ff, 0.17),
  light(1.25, 0.75, -1.0, 0xd8e6ff, 0.62),
  light(-1.4, 0.6, -1.0, 0xffe4c8, 0.34),
];

/** Light from all round, linear, from above and from below. */
export const SKY = { above: [0.27, 0.29, 0.32], below: [0.12, 0.095, 0.085] } as const;

/** The same light for materials that the graphics card lights by the pixel. */
export function portraitLights(): Group {
  const group = new Group();
  const sky = new HemisphereLight(new Color(...SKY.above), new Color(...SKY.below), 0.5 * Math.PI);
  group.add(sky);
  for (const { direction, colour } of LIGHTS) {
    const lamp = new DirectionalLight(new Color(...colour), Math.PI);
    lamp.position.set(...direction);
    group.add(lamp);
  }
  return group;
}

/** A lit room to be mirrored in eyes and skin; call it again when the graphics context was lost. */
export function surround(scene: Scene, renderer: WebGLRenderer): void {
  scene.environment?.dispose();
  const generator = new PMREMGenerator(renderer);
  const room = new RoomEnvironment();
  scene.environment = generator.fromScene(room, 0.03).texture;
  scene.environmentIntensity = 0.3;
  room.dispose();
  generator.dispose();
}

function light(x: number, y: number, z: number, colour: number, strength: number, key = false): Light {
  const { x: a, y: b, z: c } = new Vector3(x, y, z).normalize();
  const { r, g, b: blue } = new Color(colour).multiplyScalar(strength);
  return { direction: [a, b, c], colour: [r, g, blue], key };
}
