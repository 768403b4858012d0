import type { PerspectiveCamera } from "three";

/** Pixels of the canvas that something else covers. */
export interface Insets {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

/** What the camera is told: the picture's height at the eyes, in eyes-to-chin lengths, and the lens's shift in pixels. */
export interface Frame {
  readonly extent: number;
  readonly shiftX: number;
  readonly shiftY: number;
}

/** Degrees: a portrait lens. */
export const LENS = 22;
/** Where the eyes lie in what is free, from its top. */
const EYES = 0.4;
/** A bust, in eyes-to-chin lengths: how high, and how wide with room to move. */
const BUST_HEIGHT = 3.16;
const BUST_WIDTH = 1.85;

/** Fit a face into the free part of a canvas of this size, pixels. */
export function frameFor(width: number, height: number, insets: Insets): Frame {
  const freeWidth = Math.max(width - insets.left - insets.right, 1);
  const freeHeight = Math.max(height - insets.top - insets.bottom, 1);
  const pixelsPerLength = Math.min(freeHeight / BUST_HEIGHT, freeWidth / BUST_WIDTH);
  return {
    extent: height / pixelsPerLength,
    shiftX: width / 2 - (insets.left + freeWidth / 2),
    shiftY: height / 2 - (insets.top + EYES * freeHeight),
  };
}

/** Point the camera at eyes in the origin; `length` is from eyes to chin. The lens shifts, so that it looks straight on. */
export function aim(
  camera: PerspectiveCamera,
  frame: Frame,
  length: number,
  width: number,
  height: number,
): void {
  camera.fov = LENS;
  camera.aspect = width / height;
  const distance = (frame.extent * length) / 2 / Math.tan((LENS * Math.PI) / 360);
  camera.position.set(0, 0, distance);
  camera.near = distance / 4;
  camera.far = distance * 4;
  camera.setViewOffset(width, height, frame.shiftX, frame.shiftY, width, height);
}
