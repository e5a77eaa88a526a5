// The series of a line chart as data: which rooms and fields are drawn against which x, in runs, thinned out to what is in view. Pure.
import type { ReadableFeed } from "./feed.ts";
import { isAxisLike, chooseX, type X } from "./x_axis.ts";
import { Runs, type Run } from "./runs.ts";
import type { PanelSpec } from "./spec.ts";
import { groupSize, lowerBound, Thinner, Trace } from "./thinning.ts";
import type { RollingWindow } from "./window.ts";
import type { Range } from "./zoom.ts";

export interface Series {
  readonly room: string;
  readonly field: string;
  readonly label: string;
}

/** One run of one series, ready to draw. `age` 0 is the newest run. */
export interface Drawn {
  readonly series: number;
  readonly age: number;
  readonly trace: Trace;
}

interface RoomRuns {
  readonly window: RollingWindow;
  readonly runs: Runs;
  shown: readonly Run[];
}

export class Tracks {
  x: X | null = null;
  series: readonly Series[] = [];
  private rooms = new Map<string, RoomRuns>();
  private readonly refused = new Set<string>();
  private readonly traces: Trace[] = [];
  /** By series and run. */
  private thinners = new Map<string, Thinner>();
  private shape = "";

  constructor(
    private readonly feed: ReadableFeed,
    private readonly spec: PanelSpec,
  ) {}

  /** Looks at what has come. True: other series or another x than before. */
  update(): boolean {
    const x = chooseX(this.feed.windows.values(), this.spec.x, this.refused);
    const series = this.seriesOf(x);
    const shape = JSON.stringify([x, series]);
    const isOther = shape !== this.shape;
    if (isOther) {
      this.shape = shape;
      this.x = x;
      this.series = series;
      this.rooms = new Map(series.map(({ room }) => [room, this.newRoom(room, x)]));
    }
    for (const room of this.rooms.values()) room.shown = room.runs.update();
    return this.refuseJumbled(x) ? this.update() || true : isOther;
  }

  /** From the least to the largest x that is held; null while there is none. */
  held(): Range | null {
    let min = Infinity;
    let max = -Infinity;
    for (const { window, shown } of this.rooms.values()) {
      const xs = window.xs(this.x!.field);
      for (const run of shown) {
        const [from, to] = this.rowsOf(window, run);
        if (from >= to) continue;
        min = Math.min(min, xs[from]!);
        max = Math.max(max, xs[to - 1]!);
      }
    }
    return min <= max ? { min, max } : null;
  }

  /** What to draw of `shown` on so many pixels, the oldest runs first. Valid until the next call. */
  draw(shown: Range, widthPx: number, isHidden: (label: string) => boolean): Drawn[] {
    const drawn: Drawn[] = [];
    const used = new Map<string, Thinner>();
    this.series.forEach(({ room, field, label }, series) => {
      const { window, shown: runs } = this.rooms.get(room)!;
      const ys = window.numbers(field);
      if (ys === null || isHidden(label)) return;
      const xs = window.xs(this.x!.field);
      runs.forEach((run, at) => {
        const [first, last] = this.rowsOf(window, run);
        const from = Math.max(first, lowerBound(xs, first, last, shown.min) - 1);
        const to = Math.min(last, lowerBound(xs, first, last, shown.max) + 2);
        if (from >= to) return;
        const trace = (this.traces[drawn.length] ??= new Trace());
        const key = `${room} ${field} ${run.id}`;
        const thinner = this.thinners.get(key) ?? new Thinner();
        used.set(key, thinner);
        thinner.fill(trace, { xs, ys, base: window.base }, from, to, groupSize(to - from, widthPx));
        drawn.push({ series, age: runs.length - 1 - at, trace });
      });
    });
    this.thinners = used;
    return drawn.sort((a, b) => b.age - a.age || a.series - b.series);
  }

  /** Each series' number at x in the newest run, or the newest number where x is null; NaN where there is none. */
  values(x: number | null): number[] {
    return this.series.map(({ room, field }) => {
      const { window, shown } = this.rooms.get(room)!;
      return x === null ? window.latest(field) : this.valueAt(window, shown[shown.length - 1], field, x);
    });
  }

  private valueAt(window: RollingWindow, run: Run | undefined, field: string, x: number): number {
    const ys = window.numbers(field);
    if (!ys || !run) return NaN;
    const xs = window.xs(this.x!.field);
    const [from, to] = this.rowsOf(window, run);
    const at = lowerBound(xs, from, to, x);
    const [before, after] = [presentBefore(ys, from, at), presentFrom(ys, at, to)];
    if (before < 0 || after < 0) return before < 0 ? (after < 0 ? NaN : ys[after]!) : ys[before]!;
    return x - xs[before]! < xs[after]! - x ? ys[before]! : ys[after]!;
  }

  /** Indexes of a run's rows that have an x. */
  private rowsOf(window: RollingWindow, run: Run): [number, number] {
    const xs = window.xs(this.x!.field);
    let from = run.begin - window.base;
    const to = run.end - window.base;
    while (from < to && Number.isNaN(xs[from]!)) from++;
    return [from, to];
  }

  private seriesOf(x: X): Series[] {
    const { feed, spec } = this;
    const found: Series[] = [];
    for (const [room, window] of feed.windows) {
      for (const field of spec.fields ?? drawnFields(window, x)) {
        if (!window.fields.get(field)?.isNumeric) continue;
        found.push({ room, field, label: labelOf(feed, room, field, spec.fields?.length === 1) });
      }
    }
    return found;
  }

  private newRoom(room: string, x: X): RoomRuns {
    const window = this.feed.windows.get(room)!;
    return { window, runs: new Runs(window, x.field), shown: [] };
  }

  private refuseJumbled({ field }: X): boolean {
    if (field === null || this.spec.x !== null) return false;
    if (![...this.rooms.values()].some(({ runs }) => runs.isJumbled)) return false;
    this.refused.add(field);
    return true;
  }
}

/** The fields of a room that a chart draws where none are named. */
export function drawnFields(window: RollingWindow, x: X): string[] {
  return [...window.fields.values()].filter((field) => field.isNumeric && field.name !== x.field && !isAxisLike(window, field.name)).map(({ name }) => name);
}

/** The field alone, unless the chart shows several rooms. */
export function labelOf(feed: ReadableFeed, room: string, field: string, isOnlyField: boolean): string {
  if (feed.windows.size < 2) return field;
  return isOnlyField ? room : `${room} ${field}`;
}

function presentBefore(ys: Float64Array, from: number, at: number): number {
  for (let row = at - 1; row >= from; row--) if (ys[row]! - ys[row]! === 0) return row;
  return -1;
}

function presentFrom(ys: Float64Array, at: number, to: number): number {
  for (let row = at; row < to; row++) if (ys[row]! - ys[row]! === 0) return row;
  return -1;
}
