// One field of a room's rolling window: its numbers in a flat array, and its texts and nested values beside them. Which rows are held is window.ts's
// business.
import { cell } from "../wire/batch.ts";
import type { Column, ColumnType } from "../wire/column.ts";

/** In `numbers`: the record has the field, but no number in it (null, NaN, ±∞, a text). A line breaks here. NaN: it does not have the field. */
export const NO_NUMBER = Infinity;

const NUMERIC: ReadonlySet<ColumnType> = new Set(["f8", "i8", "bool", "time"]);

export class Field {
  type: ColumnType;
  readonly unit: string | undefined;
  readonly tz: string | undefined;
  /** null in a field of texts only. */
  numbers: Float64Array | null = null;
  /** What `numbers` can't tell: texts, nested values, integers beyond ±(2^53 − 1) by their exact text. Else undefined. */
  values: unknown[] | null = null;
  /** Rows, counted as the window counts them: the newest that has the field, and the newest that has a number in it. */
  lastRow = -1;
  lastNumberRow = -1;
  private hasOddValues = false;

  constructor(
    readonly name: string,
    column: Column,
    private size: number,
  ) {
    this.type = column.type;
    this.unit = column.unit;
    this.tz = column.tz;
  }

  /** A field that has held numbers stays one of numbers, whatever else some record has in it. */
  get isNumeric(): boolean {
    if (NUMERIC.has(this.type)) return true;
    return this.type === "json" && this.lastNumberRow >= 0 && !this.hasOddValues;
  }

  /** Texts or nested values, for which there is no chart; not an integer beyond 2^53, nor a number that some record has as text. */
  get isText(): boolean {
    return this.type === "str" || (this.type === "json" && this.hasOddValues);
  }

  /** Writes the batch's rows from `skip` on to `at` and behind; `row` is the number of the first one. */
  write(column: Column, count: number, skip: number, at: number, row: number): void {
    this.widen(column.type, at);
    const rows = count - skip;
    if (NUMERIC.has(column.type) && column.values instanceof Float64Array) this.writeNumbers(column, count, skip, at, row);
    if (this.type === "str" || this.type === "json") this.writeValues(column, count, skip, at, row);
    else if (column.exact) this.writeExact(column, count, skip, at);
    else this.values?.fill(undefined, at, at + rows);
  }

  /** The records at [from, to) do not have the field. */
  blank(from: number, to: number): void {
    this.numbers?.fill(NaN, from, to);
    this.values?.fill(undefined, from, to);
  }

  /** Moves [from, end) to the front. */
  move(from: number, end: number): void {
    this.numbers?.copyWithin(0, from, end);
    this.values?.copyWithin(0, from, end);
    this.values?.fill(undefined, end - from); // else what has left the window stays in memory
  }

  /** The same in larger arrays. */
  grow(size: number, from: number, end: number): void {
    if (this.numbers) this.numbers = grown(this.numbers, size, from, end);
    if (this.values) this.values = [...this.values.slice(from, end), ...new Array<undefined>(size - (end - from))];
    this.size = size;
  }

  /** The value at an index; undefined where the record does not have the field. A time is in ms since 1970. */
  cell(at: number): unknown {
    const value = this.values?.[at];
    if (value !== undefined || this.numbers === null) return value;
    const number = this.numbers[at]!;
    if (Number.isNaN(number)) return undefined;
    if (number === NO_NUMBER) return null;
    return this.type === "bool" ? number === 1 : number;
  }

  /** Makes the field one that holds `type` too. What is held, up to `end`, keeps its values. */
  private widen(type: ColumnType, end: number): void {
    const wider = this.lastRow < 0 ? type : commonType(this.type, type);
    if (wider === "json" && this.type !== "json") {
      if (this.values === null || this.numbers !== null) this.values = Array.from({ length: this.size }, (_, at) => (at < end ? this.cell(at) : undefined));
      if (this.numbers === null && this.lastRow >= 0) this.hasOddValues = true;
    }
    this.type = wider;
    if (wider !== "str") this.numbers ??= new Float64Array(this.size).fill(NaN);
    if (wider === "str" || wider === "json") this.values ??= new Array<unknown>(this.size).fill(undefined);
  }

  private writeNumbers({ values, absent }: Column, count: number, skip: number, at: number, row: number): void {
    const numbers = this.numbers!;
    const read = values as Float64Array;
    let next = 0;
    let from = 0;
    for (let index = 0; index < count; index++) {
      const isAbsent = absent[next] === index;
      const value = isAbsent ? NaN : read[from++]!;
      if (isAbsent) next++;
      if (index < skip) continue;
      const to = index - skip;
      const isNumber = value - value === 0; // neither NaN nor ±∞
      numbers[at + to] = isAbsent || isNumber ? value : NO_NUMBER;
      if (!isAbsent) this.lastRow = row + to;
      if (isNumber) this.lastNumberRow = row + to;
    }
  }

  private writeValues(column: Column, count: number, skip: number, at: number, row: number): void {
    const isText = this.type === "str";
    for (let index = skip; index < count; index++) {
      const to = index - skip;
      const value = cell(column, index);
      this.values![at + to] = value;
      if (value !== undefined) this.lastRow = row + to;
      if (isText || NUMERIC.has(column.type)) continue;
      const number = value === undefined ? NaN : numberOf(value);
      this.numbers![at + to] = number;
      if (number - number === 0) this.lastNumberRow = row + to;
      else if (value !== null && value !== undefined && this.lastNumberRow < 0) this.hasOddValues = true;
    }
  }

  private writeExact(column: Column, count: number, skip: number, at: number): void {
    this.values ??= new Array<unknown>(this.size).fill(undefined);
    for (let index = skip; index < count; index++) {
      const value = cell(column, index);
      this.values[at + index - skip] = typeof value === "string" ? value : undefined;
    }
  }
}

export function grown(column: Float64Array, size: number, from: number, end: number): Float64Array {
  const larger = new Float64Array(size);
  larger.set(column.subarray(from, end));
  return larger;
}

function commonType(one: ColumnType, other: ColumnType): ColumnType {
  if (one === other) return one;
  const isPlain = (type: ColumnType): boolean => type === "f8" || type === "i8" || type === "bool";
  return isPlain(one) && isPlain(other) ? "f8" : "json";
}

function numberOf(value: unknown): number {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" && Number.isFinite(value) ? value : NO_NUMBER;
}
