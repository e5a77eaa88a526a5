// The rolling column store behind a room's panels: the last `capacity` records, one flat array a field. What is drawn from it, and when, is not here.
//
// Rows are held at [start, end) of arrays that are larger than the window, so that appending is a copy; they move to the front only when the end is
// reached, which costs two moved rows a new one. Arrays begin small and double, since most rooms never fill their window. A row's number (`base` + its
// index) stays the same while it is held and never comes again, so whoever keeps something by row knows what is new and what has left.
import type { Batch } from "../wire/batch.ts";
import { Field, grown } from "./field.ts";

const FIRST_SIZE = 1024;
const SLACK = 0.5; // of the window, beyond it

/** A column in which each row has a value: where the record has none, that of the record before it. */
interface Carried {
  numbers: Float64Array;
}

export class RollingWindow {
  readonly fields = new Map<string, Field>();
  /** When each record was pushed: ms since 1970. */
  times: Float64Array;
  start = 0;
  end = 0;
  base = 0;
  /** Of the newest record held; 0 before the first. */
  offset = 0;
  epoch = "0";
  /** Grows when a snapshot replaces what was held. */
  revision = 0;
  /** Grows when a field comes or goes. */
  fieldsVersion = 0;
  private size: number;
  private readonly carried = new Map<string | null, Carried>();

  constructor(readonly capacity: number) {
    this.size = Math.min(FIRST_SIZE, this.fullSize);
    this.times = new Float64Array(this.size);
  }

  get length(): number {
    return this.end - this.start;
  }

  /** The numbers of the oldest row held, and of the next to come. */
  get firstRow(): number {
    return this.base + this.start;
  }

  get nextRow(): number {
    return this.base + this.end;
  }

  replace(batch: Batch): void {
    this.base += this.end;
    this.start = this.end = 0;
    this.fields.clear();
    this.carried.clear();
    this.revision++;
    this.fieldsVersion++;
    this.take(batch);
  }

  append(batch: Batch): void {
    const goesOn = batch.epoch === this.epoch || batch.offset - batch.count >= this.offset;
    if (!goesOn && this.length > 0) this.replace(batch);
    else this.take(batch);
  }

  numbers(name: string): Float64Array | null {
    return this.fields.get(name)?.numbers ?? null;
  }

  /** The newest number of a field; NaN where there is none. */
  latest(name: string): number {
    const field = this.fields.get(name);
    if (!field?.numbers || field.lastNumberRow < this.firstRow) return NaN;
    return field.numbers[field.lastNumberRow - this.base]!;
  }

  /** The number before that; NaN where there is none. */
  previous(name: string): number {
    const field = this.fields.get(name);
    if (!field?.numbers) return NaN;
    for (let row = field.lastNumberRow - 1; row >= this.firstRow; row--) {
      const value = field.numbers[row - this.base]!;
      if (value - value === 0) return value;
    }
    return NaN;
  }

  /** The newest value that some record has in a field. */
  latestValue(name: string): unknown {
    const field = this.fields.get(name);
    return field && field.lastRow >= this.firstRow ? field.cell(field.lastRow - this.base) : undefined;
  }

  /**
   * What a chart's x is: a field's numbers, each kept until the next one, or for null the times, which never go back (two publishers' clocks
   * may differ by a little). The array is another one after each change; ask again before each use.
   */
  xs(field: string | null): Float64Array {
    let carried = this.carried.get(field);
    if (!carried) {
      carried = { numbers: new Float64Array(this.size) };
      this.carried.set(field, carried);
      this.carry(field, carried, this.start, this.end);
    }
    return carried.numbers;
  }

  private get fullSize(): number {
    return this.capacity + Math.max(FIRST_SIZE, Math.ceil(this.capacity * SLACK));
  }

  private take(batch: Batch): void {
    const skip = Math.max(0, batch.count - this.capacity);
    const count = batch.count - skip;
    this.makeRoom(count);
    const at = this.end;
    for (let row = 0; row < count; row++) this.times[at + row] = batch.times[skip + row]! / 1000;
    for (const [name, column] of batch.columns) this.field(name, column).write(column, batch.count, skip, at, this.base + at);
    for (const [name, field] of this.fields) if (!batch.columns.has(name)) field.blank(at, at + count);
    for (const [field, carried] of this.carried) this.carry(field, carried, at, at + count);
    this.end += count;
    this.start = Math.max(this.start, this.end - this.capacity);
    this.offset = batch.offset;
    this.epoch = batch.epoch;
  }

  private field(name: string, column: Parameters<Field["write"]>[0]): Field {
    let field = this.fields.get(name);
    if (!field) {
      field = new Field(name, column, this.size);
      this.fields.set(name, field);
      this.fieldsVersion++;
    }
    return field;
  }

  private carry(field: string | null, { numbers }: Carried, from: number, to: number): void {
    const source = field === null ? this.times : this.numbers(field);
    let last = from > this.start ? numbers[from - 1]! : NaN;
    for (let at = from; at < to; at++) {
      const value = source?.[at] ?? NaN;
      const isUsed = field === null ? !(value <= last) : value - value === 0;
      if (isUsed) last = value;
      numbers[at] = last;
    }
  }

  /** Makes room for `count` rows at the end: the oldest go, the rest moves to the front, or into larger arrays. */
  private makeRoom(count: number): void {
    if (this.end + count <= this.size) return;
    const from = this.end - Math.min(this.length, this.capacity - count);
    const held = this.end - from;
    const isLargerWanted = held + count > this.size / 2 && this.size < this.fullSize;
    const size = isLargerWanted ? Math.min(this.fullSize, Math.max(this.size * 2, (held + count) * 2)) : this.size;
    for (const field of this.fields.values()) this.relocate(field, size, from);
    for (const carried of this.carried.values()) carried.numbers = moved(carried.numbers, size, from, this.end);
    this.times = moved(this.times, size, from, this.end);
    this.size = size;
    this.base += from;
    this.start = 0;
    this.end = held;
    this.forgetGoneFields();
  }

  private relocate(field: Field, size: number, from: number): void {
    if (size > this.size) field.grow(size, from, this.end);
    else field.move(from, this.end);
  }

  private forgetGoneFields(): void {
    for (const [name, field] of this.fields) {
      if (field.lastRow >= this.firstRow) continue;
      this.fields.delete(name);
      this.fieldsVersion++;
    }
  }
}

function moved(column: Float64Array, size: number, from: number, end: number): Float64Array {
  if (size > column.length) return grown(column, size, from, end);
  return column.copyWithin(0, from, end);
}
