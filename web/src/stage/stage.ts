import { ACESFilmicToneMapping, Group, PerspectiveCamera, Scene, SRGBColorSpace, WebGLRenderer } from "three";
import { Dial, type Liveliness } from "./dial.ts";
import { aim, frameFor, type Insets } from "./framing.ts";
import type { Head } from "./head.ts";
import { portraitLights, surround } from "./lights.ts";
import { CHANNELS } from "./shapes.ts";
import { Sharpness } from "./sharpness.ts";
import { drawsInSoftware } from "./software.ts";

/** Metres from the eyes to the chin that every head is brought to, so that light and lens suit it. */
const LENGTH = 0.1;
/** ms a frame may take: every refresh of a usual screen, or every other where the processor draws. */
const DUE = { card: 1000 / 60, software: 1000 / 30 } as const;
/** Pixel ratio at most: steady motion is worth more than the last of sharpness. */
const SHARPEST = { card: 2, software: 0.8 } as const;
/** Share of the way to a new framing after one second. */
const GLIDE = 0.995;

/** What the stage draws: the face that belongs to `now` (performance.now()), into 61 numbers. */
export type Face = (now: number, into: Float32Array) => void;

/** Figures of the drawing, for instruments. */
export interface Drawing {
  /** Frames drawn so far. */
  frames: number;
  /** ms of the main thread that the last frame took. */
  cost: number;
  pixelRatio: number;
  readonly software: boolean;
}

/** Draws one head, lit and framed, for as long as the page is seen. Throws where there is no WebGL 2. */
export class Stage {
  readonly drawing: Drawing;
  /** Called after each frame with its time and the ms of the main thread that it took. */
  onFrame: ((now: number, cost: number) => void) | null = null;

  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera();
  private readonly place = new Group();
  private readonly motion = new Float32Array(CHANNELS);
  private readonly dial: Dial;
  private readonly sharpness: Sharpness;
  private readonly due: number;
  private readonly resized: ResizeObserver;
  private head: Head | null = null;
  private insets: Insets = { top: 0, right: 0, bottom: 0, left: 0 };
  private wanted = frameFor(1, 1, this.insets);
  private framed = this.wanted;
  private width = 1;
  private height = 1;
  private settled = false;
  private calm: boolean;
  private last = 0;
  private request = 0;
  private lost = false;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly face: Face,
    liveliness: Liveliness,
  ) {
    const software = drawsInSoftware();
    this.renderer = new WebGLRenderer({
      canvas,
      alpha: true,
      antialias: !software,
      powerPreference: "high-performance",
    });
    this.renderer.outputColorSpace = SRGBColorSpace;
    this.renderer.toneMapping = ACESFilmicToneMapping;
    this.renderer.toneMappingExposure = 1.0;
    this.renderer.setClearColor(0, 0);
    const by = software ? "software" : "card";
    this.due = DUE[by];
    this.sharpness = new Sharpness(Math.min(window.devicePixelRatio, SHARPEST[by]), SHARPEST[by], this.due);
    this.drawing = { frames: 0, cost: 0, pixelRatio: this.sharpness.ratio, software };
    this.dial = new Dial(liveliness);
    this.calm = liveliness.calm;
    this.scene.add(portraitLights(), this.place);
    if (!software) surround(this.scene, this.renderer);
    this.resized = new ResizeObserver(() => {
      this.measure();
    });
    this.resized.observe(canvas);
    this.measure();
    canvas.addEventListener("webglcontextlost", this.whenLost);
    canvas.addEventListener("webglcontextrestored", this.whenRestored);
    document.addEventListener("visibilitychange", this.whenSeen);
    this.whenSeen();
  }

  /** Show this head; the one before is disposed of. */
  show(head: Head): void {
    if (this.head) {
      this.place.remove(this.head.root);
      this.head.dispose();
    }
    this.head = head;
    const { eyes, length } = head.landmarks;
    const scale = LENGTH / length;
    this.place.scale.setScalar(scale);
    this.place.position.copy(eyes).multiplyScalar(-scale);
    this.place.add(head.root);
  }

  setLiveliness(liveliness: Liveliness): void {
    this.calm = liveliness.calm;
    this.dial.set(liveliness);
  }

  /** What of the canvas is covered by something else, CSS pixels. */
  setInsets(insets: Insets): void {
    this.insets = insets;
    this.wanted = frameFor(this.width, this.height, insets);
  }

  dispose(): void {
    cancelAnimationFrame(this.request);
    this.resized.disconnect();
    this.canvas.removeEventListener("webglcontextlost", this.whenLost);
    this.canvas.removeEventListener("webglcontextrestored", this.whenRestored);
    document.removeEventListener("visibilitychange", this.whenSeen);
    this.head?.dispose();
    this.scene.environment?.dispose();
    this.renderer.dispose();
  }

  private readonly frame = (now: number): void => {
    this.request = requestAnimationFrame(this.frame);
    const elapsed = now - this.last;
    // Half a refresh of slack: the next one would be further off.
    if (elapsed < this.due - 9 || this.lost || !this.head) return;
    const began = performance.now();
    this.last = now;
    this.face(began, this.motion);
    this.dial.apply(this.motion, elapsed);
    this.head.apply(this.motion, Math.min(elapsed, 100) / 1000);
    this.glide(elapsed);
    this.renderer.render(this.scene, this.camera);
    if (this.sharpness.frame(elapsed)) this.measure();
    this.drawing.frames += 1;
    this.drawing.cost = performance.now() - began;
    this.onFrame?.(began, this.drawing.cost);
  };

  private glide(elapsed: number): void {
    const to = this.wanted;
    let at = this.framed;
    if (at !== to) {
      const left =
        Math.abs(at.shiftX - to.shiftX) +
        Math.abs(at.shiftY - to.shiftY) +
        Math.abs(at.extent / to.extent - 1) * 500;
      const share =
        this.calm || !this.settled || left < 0.5 ? 1 : 1 - Math.pow(1 - GLIDE, Math.min(elapsed, 100) / 1000);
      at =
        share === 1
          ? to
          : {
              extent: at.extent + share * (to.extent - at.extent),
              shiftX: at.shiftX + share * (to.shiftX - at.shiftX),
              shiftY: at.shiftY + share * (to.shiftY - at.shiftY),
            };
      this.framed = at;
      aim(this.camera, at, LENGTH, this.width, this.height);
    }
    this.settled = true;
  }

  private measure(): void {
    this.width = Math.max(this.canvas.clientWidth, 1);
    this.height = Math.max(this.canvas.clientHeight, 1);
    this.drawing.pixelRatio = this.sharpness.ratio;
    this.renderer.setPixelRatio(this.sharpness.ratio);
    this.renderer.setSize(this.width, this.height, false);
    this.wanted = frameFor(this.width, this.height, this.insets);
    this.framed = this.wanted;
    aim(this.camera, this.framed, LENGTH, this.width, this.height);
  }

  private readonly whenSeen = (): void => {
    cancelAnimationFrame(this.request);
    if (document.visibilityState === "visible") this.request = requestAnimationFrame(this.frame);
  };

  private readonly whenLost = (event: Event): void => {
    event.preventDefault(); // or it never comes back
    this.lost = true;
  };

  private readonly whenRestored = (): void => {
    if (!this.drawing.software) surround(this.scene, this.renderer);
    this.lost = false;
  };
}
