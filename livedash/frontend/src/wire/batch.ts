// A batch: consecutive records of one room in columns, and how to read rows out of it.
import type { Column } from "./column.ts";

export interface Batch {
  readonly room: string;
  readonly epoch: string;
  /** Of the last record. */
  readonly offset: number;
  readonly count: number;
  /** µs since 1970, one per row. */
  readonly times: Float64Array;
  readonly columns: ReadonlyMap<string, Column>;
}

/** The index into `column.values` of `row`, or -1 where the row does not have the field. */
export function presentIndex(absent: readonly number[], row: number): number {
  let low = 0;
  let high = absent.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (absent[middle]! < row) low = middle + 1;
    else high = middle;
  }
  return absent[low] === row ? -1 : row - low;
}

/** One number per row; NaN where the field is absent or null, and for columns of text. */
export function dense(column: Column, count: number): Float64Array {
  const { values, absent } = column;
  if (!(values instanceof Float64Array)) return new Float64Array(count).fill(NaN);
  if (absent.length === 0) return values;
  const out = new Float64Array(count);
  let next = 0;
  let read = 0;
  for (let row = 0; row < count; row++) {
    if (absent[next] === row) {
      out[row] = NaN;
      next++;
    } else {
      out[row] = values[read++]!;
    }
  }
  return out;
}

/**
 * The value of `row`; undefined where it is absent. An f8 that is null or not finite on the wire is NaN; null in the other types is null.
 * time is a number of ms since 1970; an i8 beyond ±(2^53 − 1) is its exact text.
 */
export function cell(column: Column, row: number): unknown {
  const index = presentIndex(column.absent, row);
  if (index < 0) return undefined;
  const value = column.values[index];
  switch (column.type) {
    case "bool":
      return Number.isNaN(value) ? null : value === 1;
    case "i8":
      return column.exact ? exactOr(column.exact[index] ?? null, value as number) : nullForNaN(value as number);
    case "time":
      return nullForNaN(value as number);
    default:
      return value;
  }
}

export function recordAt(batch: Batch, row: number): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const [name, column] of batch.columns) {
    const value = cell(column, row);
    if (value === undefined) continue;
    // A field may be called __proto__: as an assignment it would change the record's prototype.
    Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return record;
}

function nullForNaN(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function exactOr(text: string | null, value: number): number | string | null {
  if (text === null) return null;
  return Number.isSafeInteger(value) ? value : text;
}
