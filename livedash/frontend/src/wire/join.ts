// Cutting batches at a row, picking rows and joining them, without a change of a value. A field whose type differs becomes the narrowest that holds both.
import type { Batch } from "./batch.ts";
import { cell, presentIndex } from "./batch.ts";
import type { Column, ColumnType } from "./column.ts";

const MAX_DATE_MS = 8.64e15; // ECMA-262: what a Date can hold

/** The rows from `start` up to `stop`. Columns that none of them has are left out. */
export function slice(batch: Batch, start: number, stop: number): Batch {
  const from = Math.max(start, 0);
  const to = Math.min(stop, batch.count);
  if (from === 0 && to === batch.count) return batch;
  const columns = new Map<string, Column>();
  for (const [name, column] of batch.columns) {
    const part = sliceColumn(column, from, to);
    if (part.values.length > 0) columns.set(name, part);
  }
  return { ...batch, offset: batch.offset - (batch.count - to), count: to - from, times: batch.times.slice(from, to), columns };
}

/** One batch of all records of one room and epoch; the last one's offset is its offset. */
export function join(batches: readonly [Batch, ...Batch[]]): Batch {
  if (batches.length === 1) return batches[0];
  const last = batches[batches.length - 1]!;
  const count = batches.reduce((sum, batch) => sum + batch.count, 0);
  const names = new Set<string>();
  for (const batch of batches) for (const name of batch.columns.keys()) names.add(name);
  const columns = new Map<string, Column>();
  for (const name of names) columns.set(name, joinColumn(batches, name));
  const times = concatenated(batches.map((batch) => batch.times), count);
  return { room: last.room, epoch: last.epoch, offset: last.offset, count, times, columns };
}

/** The given rows, in that order. Columns that none of them has are left out. */
export function take(batch: Batch, rows: readonly number[]): Batch {
  const columns = new Map<string, Column>();
  for (const [name, column] of batch.columns) {
    const part = takeColumn(column, rows);
    if (part.values.length > 0) columns.set(name, part);
  }
  return { ...batch, count: rows.length, times: Float64Array.from(rows, (row) => batch.times[row]!), columns };
}

function takeColumn(column: Column, rows: readonly number[]): Column {
  const absent: number[] = [];
  const present: number[] = [];
  rows.forEach((row, at) => {
    const index = presentIndex(column.absent, row);
    if (index < 0) absent.push(at);
    else present.push(index);
  });
  const { values, exact } = column;
  const taken = values instanceof Float64Array ? Float64Array.from(present, (index) => values[index]!) : present.map((index) => values[index]);
  return { ...column, absent, values: taken, ...(exact && { exact: present.map((index) => exact[index]!) }) };
}

function sliceColumn(column: Column, from: number, to: number): Column {
  const first = from - rowsBefore(column.absent, from);
  const last = to - rowsBefore(column.absent, to);
  return {
    ...column,
    absent: column.absent.filter((row) => row >= from && row < to).map((row) => row - from),
    values: column.values.slice(first, last),
    ...(column.exact && { exact: column.exact.slice(first, last) }),
  };
}

function rowsBefore(ascending: readonly number[], row: number): number {
  let count = 0;
  while (count < ascending.length && ascending[count]! < row) count++;
  return count;
}

function joinColumn(batches: readonly Batch[], name: string): Column {
  const absent: number[] = [];
  const parts: Column[] = [];
  let row = 0;
  for (const batch of batches) {
    const column = batch.columns.get(name);
    if (column === undefined) {
      for (let index = 0; index < batch.count; index++) absent.push(row + index);
    } else {
      for (const missing of column.absent) absent.push(row + missing);
      parts.push(column);
    }
    row += batch.count;
  }
  return { ...joinValues(parts), absent };
}

function joinValues(parts: readonly Column[]): Omit<Column, "absent"> {
  const type = commonType(parts);
  const { unit, tz } = parts[0]!;
  const marks = { ...(unit !== undefined && { unit }), ...(tz !== undefined && { tz }) };
  if (type === "json") return { type, values: parts.flatMap(plainValues) };
  if (type === "str") return { type, values: parts.flatMap((part) => part.values as readonly unknown[]), ...marks };
  const count = parts.reduce((sum, part) => sum + part.values.length, 0);
  const values = concatenated(parts.map((part) => part.values as Float64Array), count);
  const isExact = type === "i8" && parts.some((part) => part.exact);
  return { type, values, ...(isExact && { exact: parts.flatMap(exactTexts) }), ...marks };
}

function commonType(parts: readonly Column[]): ColumnType {
  const first = parts[0]!.type;
  if (parts.every((part) => part.type === first)) return first;
  const isNumeric = parts.every((part) => part.type === "f8" || (part.type === "i8" && !part.exact));
  return isNumeric ? "f8" : "json";
}

/** In a column that mixes types, times are texts, as the hub has them. */
function plainValues(column: Column): unknown[] {
  const present: Column = { ...column, absent: [] };
  const values = Array.from({ length: column.values.length }, (_, index) => cell(present, index));
  return column.type === "time" ? values.map((ms) => isoText(ms as number | null)) : values;
}

function isoText(ms: number | null): string | null {
  return ms === null || Math.abs(ms) > MAX_DATE_MS ? null : new Date(ms).toISOString();
}

function exactTexts(column: Column): readonly (string | null)[] {
  if (column.exact) return column.exact;
  return Array.from(column.values as Float64Array, (value) => (Number.isNaN(value) ? null : String(value)));
}

function concatenated(parts: readonly Float64Array[], count: number): Float64Array {
  const all = new Float64Array(count);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
