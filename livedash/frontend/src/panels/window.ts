// The rolling column store behind a room's panels: the last `capacity` records, in one flat array per field.
// What is drawn from it, and when, is the panels' business.
import { cell, dense, type Batch } from "../wire/batch.ts";
import type { Column, ColumnType } from "../wire/column.ts";

/** Rows live in [start, end) of arrays twice the window's size: appending is a copy, and the whole moves back once per window. */
const SLACK = 2;

export class NumberField {
  values: Float64Array;
  constructor(
    readonly name: string,
    public type: ColumnType,
    size: number,
    readonly unit?: string,
  ) {
    this.values = new Float64Array(size).fill(NaN);
  }
}

export class ValueField {
  values: unknown[];
  constructor(
    readonly name: string,
    public type: ColumnType,
    size: number,
  ) {
    this.values = new Array<unknown>(size).fill(undefined);
  }
}

const NUMERIC: ReadonlySet<ColumnType> = new Set(["f8", "i8", "bool", "time"]);

export class RollingWindow {
  readonly numbers = new Map<string, NumberField>();
  readonly texts = new Map<string, ValueField>();
  /** Seconds since 1970. */
  times: Float64Array;
  start = 0;
  end = 0;
  /** Of the newest record held; 0 before the first. */
  offset = 0;
  epoch = "0";
  /** Grows with every change: who has drawn this version has nothing to draw. */
  version = 0;
  /** Grows when a field comes. */
  fieldsVersion = 0;
  private readonly size: number;

  constructor(readonly capacity: number) {
    this.size = Math.max(2, Math.min(capacity, 1_000_000)) * SLACK;
    this.times = new Float64Array(this.size);
  }

  get length(): number {
    return this.end - this.start;
  }

  replace(batch: Batch): void {
    this.start = this.end = 0;
    this.numbers.clear();
    this.texts.clear();
    this.fieldsVersion++;
    this.epoch = batch.epoch;
    this.take(batch);
  }

  append(batch: Batch): void {
    if (batch.epoch !== this.epoch && this.length > 0 && this.epoch !== "0") {
      this.replace(batch);
      return;
    }
    this.epoch = batch.epoch;
    this.take(batch);
  }

  column(name: string): Float64Array | undefined {
    return this.numbers.get(name)?.values;
  }

  /** The newest value of a numeric field that is a number, or NaN. */
  latest(name: string): number {
    const values = this.column(name);
    if (!values) return NaN;
    for (let row = this.end - 1; row >= this.start; row--) if (!Number.isNaN(values[row]!)) return values[row]!;
    return NaN;
  }

  latestValue(name: string): unknown {
    const values = this.texts.get(name)?.values;
    if (!values) return undefined;
    for (let row = this.end - 1; row >= this.start; row--) if (values[row] !== undefined) return values[row];
    return undefined;
  }

  private take(batch: Batch): void {
    const skip = Math.max(0, batch.count - this.size);
    const count = batch.count - skip;
    if (this.end + count > this.size) this.moveBack(count);
    const at = this.end;
    for (let row = 0; row < count; row++) this.times[at + row] = batch.times[skip + row]! / 1e6;
    for (const [name, column] of batch.columns) this.takeColumn(name, column, batch.count, skip, at);
    this.blankOthers(batch, at, count);
    this.end += count;
    this.start = Math.max(this.start, this.end - this.capacity);
    this.offset = batch.offset;
    this.version++;
  }

  private takeColumn(name: string, column: Column, count: number, skip: number, at: number): void {
    const known = this.numbers.get(name);
    // A number that is also seen as text (a mixed field) is kept as both: the chart keeps its past, the table shows all.
    if (NUMERIC.has(column.type) && column.exact === undefined) {
      const field = known ?? this.addNumber(name, column);
      const values = dense(column, count);
      field.values.set(skip === 0 ? values : values.subarray(skip), at);
      if (this.texts.has(name)) this.takeValues(name, column, count, skip, at);
      return;
    }
    if (column.type === "i8") {
      const field = known ?? this.addNumber(name, column);
      field.values.set(dense(column, count).subarray(skip), at);
    } else if (column.type === "json") {
      this.takeMixed(name, column, count, skip, at);
    }
    this.takeValues(name, column, count, skip, at);
  }

  /** A field that mixes types travels as json: its numbers are still numbers to a chart that knows the field. */
  private takeMixed(name: string, column: Column, count: number, skip: number, at: number): void {
    const known = this.numbers.get(name);
    if (!known) return;
    for (let row = skip; row < count; row++) {
      const value = cell(column, row);
      known.values[at + row - skip] = typeof value === "number" ? value : NaN;
    }
  }

  private takeValues(name: string, column: Column, count: number, skip: number, at: number): void {
    let field = this.texts.get(name);
    if (!field) {
      field = new ValueField(name, column.type, this.size);
      this.texts.set(name, field);
      this.fieldsVersion++;
    }
    for (let row = skip; row < count; row++) field.values[at + row - skip] = cell(column, row);
  }

  private addNumber(name: string, column: Column): NumberField {
    const field = new NumberField(name, column.type, this.size, column.unit);
    this.numbers.set(name, field);
    this.fieldsVersion++;
    return field;
  }

  private blankOthers(batch: Batch, at: number, count: number): void {
    for (const field of this.numbers.values()) {
      if (!batch.columns.has(field.name)) field.values.fill(NaN, at, at + count);
      else if (batch.columns.get(field.name)!.type === "str") field.values.fill(NaN, at, at + count);
    }
    for (const field of this.texts.values()) {
      if (!batch.columns.has(field.name)) field.values.fill(undefined, at, at + count);
    }
  }

  /** Makes room for `count` rows at the end by dropping the oldest. */
  private moveBack(count: number): void {
    const keep = Math.max(0, Math.min(this.length, this.capacity, this.size - count));
    const from = this.end - keep;
    this.times.copyWithin(0, from, this.end);
    for (const field of this.numbers.values()) field.values.copyWithin(0, from, this.end);
    for (const field of this.texts.values()) {
      field.values.copyWithin(0, from, this.end);
      field.values.fill(undefined, keep);
    }
    this.start = 0;
    this.end = keep;
  }
}
