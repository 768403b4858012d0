/** Pixel ratios to try, the sharpest first; less than 1 is drawn small and scaled up by the browser. */
export const RATIOS = [2, 1.5, 1.25, 1, 0.8, 0.65, 0.5] as const;

/** Frames looked at before deciding. */
const WINDOW = 40;
/** Windows in a row with time to spare before trying more. */
const PATIENCE = 6;

/**
 * Gives up sharpness before frames: a slower machine draws fewer pixels. What proved too much is tried again only
 * after twice as long.
 */
export class Sharpness {
  private at: number;
  private frames = 0;
  private total = 0;
  private spare = 0;
  private patience = PATIENCE;

  /** `most`: the screen's pixel ratio; `start`: where to begin; `due`: ms a frame should take. */
  constructor(
    private readonly most: number,
    start: number,
    private readonly due: number,
  ) {
    this.at = Math.max(
      this.sharpest(),
      RATIOS.findIndex((ratio) => ratio <= start),
    );
  }

  get ratio(): number {
    return Math.min(RATIOS[this.at] ?? 1, this.most);
  }

  /** One frame took `interval` ms since the one before; true when `ratio` has changed. */
  frame(interval: number): boolean {
    // A hidden tab or a sleeping machine says nothing of drawing.
    if (interval > 1000) return false;
    this.frames += 1;
    this.total += interval;
    if (this.frames < WINDOW) return false;
    const mean = this.total / this.frames;
    this.frames = 0;
    this.total = 0;
    if (mean > 1.3 * this.due && this.at < RATIOS.length - 1) {
      if (this.spare < 0) this.patience = Math.min(2 * this.patience, 200);
      this.at += 1;
      this.spare = 0;
      return true;
    }
    this.spare = mean < 1.08 * this.due ? Math.max(this.spare, 0) + 1 : 0;
    if (this.spare > this.patience && this.at > this.sharpest()) {
      this.at -= 1;
      this.spare = -1; // on trial
      return true;
    }
    return false;
  }

  private sharpest(): number {
    const index = RATIOS.findIndex((ratio) => ratio <= this.most);
    return index < 0 ? RATIOS.length - 1 : index;
  }
}
