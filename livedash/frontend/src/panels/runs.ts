// Runs: where x goes back (the cell ran again) a new run starts. Found once a row, as rows come. Pure.
import type { RollingWindow } from "./window.ts";

export interface Run {
  /** Where it began; stays the same while its first rows leave the window. */
  readonly id: number;
  /** Rows [begin, end), by the window's numbers. */
  readonly begin: number;
  readonly end: number;
}

const MAX_RUNS = 6; // older ones would be too faint to see
const JUMBLED_RUNS = 32;
const JUMBLED_ROWS = 8;

export class Runs {
  private begins: number[] = [];
  private seen = -1;
  private revision = -1;

  constructor(
    private readonly window: RollingWindow,
    private readonly field: string | null,
  ) {}

  /** The newest runs that are (partly) held, oldest first. */
  update(): readonly Run[] {
    const { window } = this;
    if (window.revision !== this.revision) {
      this.revision = window.revision;
      this.begins = [window.firstRow];
      this.seen = window.firstRow;
    }
    this.look();
    const { begins } = this;
    while (begins.length > 1 && begins[1]! <= window.firstRow) begins.shift();
    const runs = begins.map((id, at) => ({ id, begin: Math.max(id, window.firstRow), end: begins[at + 1] ?? window.nextRow }));
    return runs.slice(-MAX_RUNS);
  }

  /** x goes back all the time (several publishers count for themselves): it says nothing about the order of records. */
  get isJumbled(): boolean {
    return this.begins.length >= JUMBLED_RUNS && this.window.length < this.begins.length * JUMBLED_ROWS;
  }

  private look(): void {
    const { window, field } = this;
    const xs = window.xs(field);
    const from = Math.max(this.seen, window.firstRow + 1);
    for (let row = from; row < window.nextRow; row++) {
      const at = row - window.base;
      if (xs[at]! < xs[at - 1]!) this.begins.push(row);
    }
    this.seen = window.nextRow;
  }
}
