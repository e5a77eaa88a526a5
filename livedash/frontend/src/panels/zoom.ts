// Which part of x a chart shows: all that is held, moving as records come, or a range that stays until the viewer follows again. Pure.

export interface Range {
  readonly min: number;
  readonly max: number;
}

const LEAST_SHARE = 1e-9; // of a value's size: below, doubles can't tell x apart

export class Zoom {
  private fixed: Range | null = null;

  get isFollowing(): boolean {
    return this.fixed === null;
  }

  /** What to show where `held` is what there is. */
  shown(held: Range): Range {
    return this.fixed ?? held;
  }

  follow(): void {
    this.fixed = null;
  }

  to(min: number, max: number): void {
    const least = Math.max(Math.abs(min), Math.abs(max)) * LEAST_SHARE;
    if (max - min > least) this.fixed = { min, max };
  }

  /** `factor` below 1 shows less; `around` stays where it is. */
  by(factor: number, around: number | null, held: Range): void {
    const { min, max } = this.shown(held);
    const middle = around ?? (min + max) / 2;
    this.to(middle - (middle - min) * factor, middle + (max - middle) * factor);
  }

  /** By a share of what is shown; never so far that nothing of `held` is left in view. */
  move(share: number, held: Range): void {
    const { min, max } = this.shown(held);
    const by = Math.max(held.min - max, Math.min(held.max - min, (max - min) * share));
    this.to(min + by, max + by);
  }
}
