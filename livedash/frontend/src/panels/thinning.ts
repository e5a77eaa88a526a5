// Thinning out a series to what a chart's width can show: each group of rows by its least and its largest value, so that no spike is lost. Pure.
//
// Groups are aligned to the rows' numbers and their size is a power of two, so a group keeps its rows while the window slides: what is drawn moves,
// and does not shimmer.
import { NO_NUMBER } from "./field.ts";

const MOST_POINTS_PER_PX = 4;
const FIRST_SIZE = 256;

/** Points to draw in order. A y that is NaN is a break. Arrays are kept and used again. */
export class Trace {
  xs = new Float64Array(FIRST_SIZE);
  ys = new Float64Array(FIRST_SIZE);
  length = 0;
  low = Infinity;
  high = -Infinity;
  /** Rows that have a number, before thinning. */
  points = 0;

  clear(): void {
    this.length = this.points = 0;
    this.low = Infinity;
    this.high = -Infinity;
  }

  add(x: number, y: number): void {
    if (this.length === this.xs.length) this.grow();
    this.xs[this.length] = x;
    this.ys[this.length++] = y;
  }

  /** A point that is a row's number. */
  take(x: number, y: number): void {
    this.add(x, y);
    this.points++;
    if (y < this.low) this.low = y;
    if (y > this.high) this.high = y;
  }

  /** Behind the last point the line is not joined to what comes. */
  break(): void {
    const { length } = this;
    if (length > 0 && !Number.isNaN(this.ys[length - 1]!)) this.add(this.xs[length - 1]!, NaN);
  }

  /** What a logarithmic axis begins at; Infinity where there is none. */
  leastPositive(): number {
    let least = Infinity;
    for (let at = 0; at < this.length; at++) if (this.ys[at]! > 0 && this.ys[at]! < least) least = this.ys[at]!;
    return least;
  }

  private grow(): void {
    const { xs, ys } = this;
    this.xs = new Float64Array(xs.length * 2);
    this.ys = new Float64Array(ys.length * 2);
    this.xs.set(xs);
    this.ys.set(ys);
  }
}

/** How many rows make one group where `rows` are to be shown on `widthPx`: 1 draws each. */
export function groupSize(rows: number, widthPx: number): number {
  if (rows <= widthPx * MOST_POINTS_PER_PX) return 1;
  return 2 ** Math.ceil(Math.log2(rows / widthPx));
}

/** Where the rows are that a trace is made of. */
export interface Source {
  readonly xs: Float64Array;
  readonly ys: Float64Array;
  /** A row's number is its index and this. */
  readonly base: number;
}

/** Fills `trace` with the rows at [from, to), all of them. Rows without the field are joined over. */
export function eachRow(trace: Trace, { xs, ys }: Source, from: number, to: number): void {
  trace.clear();
  for (let at = from; at < to; at++) {
    const y = ys[at]!;
    if (y === NO_NUMBER) trace.break();
    else if (y === y) trace.take(xs[at]!, y);
  }
}

/** Of a group, in the order of its rows: x and y of its least and its largest number (twice the same where it has one), then how many it has. */
const PARTS = 5;
/** Added to the count of a group in which the line breaks. */
const BROKEN = 0.5;

/** The groups of one run of one series. Those that are whole never change, so each row is looked at once, however often it is drawn. */
export class Thinner {
  private size = 0;
  private first = 0;
  private held = 0;
  private groups = new Float64Array(FIRST_SIZE * PARTS);
  private readonly edge = new Float64Array(PARTS);

  /** Fills `trace` with the rows at [from, to) in groups of `size`. */
  fill(trace: Trace, source: Source, from: number, to: number, size: number): void {
    if (size <= 1) return eachRow(trace, source, from, to);
    trace.clear();
    const [begin, end] = [from + source.base, to + source.base];
    const [first, behind] = [Math.ceil(begin / size), Math.floor(end / size)];
    if (first >= behind) return this.part(trace, source, begin, end);
    this.keep(source, first, behind, size);
    this.part(trace, source, begin, first * size);
    for (let number = first; number < behind; number++) addGroup(trace, this.groups, (number - this.first) * PARTS);
    this.part(trace, source, behind * size, end);
  }

  /** Groups [first, behind) are held after this, and few before them. */
  private keep(source: Source, first: number, behind: number, size: number): void {
    if (size !== this.size || first < this.first || first > this.first + this.held) {
      this.size = size;
      this.first = first;
      this.held = 0;
    }
    if (first - this.first > this.held / 2) this.forget(first - this.first);
    this.reserve(behind - this.first);
    for (let number = this.first + this.held; number < behind; number++) {
      writeGroup(this.groups, this.held++ * PARTS, source, number * size, (number + 1) * size);
    }
  }

  private forget(count: number): void {
    this.groups.copyWithin(0, count * PARTS, this.held * PARTS);
    this.first += count;
    this.held -= count;
  }

  private reserve(groups: number): void {
    if (groups * PARTS <= this.groups.length) return;
    const larger = new Float64Array(groups * 2 * PARTS);
    larger.set(this.groups.subarray(0, this.held * PARTS));
    this.groups = larger;
  }

  /** A group that is not whole, at one of the ends. */
  private part(trace: Trace, source: Source, begin: number, end: number): void {
    if (begin >= end) return;
    writeGroup(this.edge, 0, source, begin, end);
    addGroup(trace, this.edge, 0);
    const last = source.ys[end - 1 - source.base]!;
    if (last - last === 0) trace.add(source.xs[end - 1 - source.base]!, last); // the newest is drawn where it is
  }
}

function writeGroup(groups: Float64Array, to: number, { xs, ys, base }: Source, begin: number, end: number): void {
  let [least, most, points] = [-1, -1, 0];
  let low = Infinity;
  let high = -Infinity;
  let broken = 0;
  for (let at = begin - base; at < end - base; at++) {
    const y = ys[at]!;
    if (y === NO_NUMBER) broken = BROKEN;
    if (y - y !== 0) continue;
    points++;
    if (y < low) {
      low = y;
      least = at;
    }
    if (y > high) {
      high = y;
      most = at;
    }
  }
  groups[to + 4] = points + broken;
  if (points === 0) return;
  const [one, other] = least < most ? [least, most] : [most, least];
  groups[to] = xs[one]!;
  groups[to + 1] = ys[one]!;
  groups[to + 2] = xs[other]!;
  groups[to + 3] = ys[other]!;
}

function addGroup(trace: Trace, groups: Float64Array, at: number): void {
  const count = groups[at + 4]!;
  const points = Math.floor(count);
  if (points > 0) trace.take(groups[at]!, groups[at + 1]!);
  if (points > 1) trace.take(groups[at + 2]!, groups[at + 3]!);
  trace.points += Math.max(0, points - 2);
  if (count > points) trace.break();
}

/** The first index in [from, to) whose x is `x` or more. */
export function lowerBound(xs: Float64Array, from: number, to: number, x: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low;
}
