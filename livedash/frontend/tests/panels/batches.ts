// Batches of records for the panels' tests, made as a hub would type them.
import type { Batch } from "../../src/wire/batch.ts";
import type { Column, ColumnType } from "../../src/wire/column.ts";

export function batchOf(
  records: readonly Record<string, unknown>[],
  { room = "train", epoch = "e1", offset = records.length, types = {} as Record<string, ColumnType> } = {},
): Batch {
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const columns = new Map(names.map((name) => [name, columnOf(records, name, types[name])]));
  const times = Float64Array.from(records, (_, row) => (offset - records.length + row + 1) * 1e6);
  return { room, epoch, offset, count: records.length, times, columns };
}

function columnOf(records: readonly Record<string, unknown>[], name: string, asked: ColumnType | undefined): Column {
  const absent = records.flatMap((record, row) => (name in record ? [] : [row]));
  const present = records.filter((record) => name in record).map((record) => record[name]);
  const type = asked ?? typeOf(present);
  if (type === "str" || type === "json") return { type, absent, values: present };
  return { type, absent, values: Float64Array.from(present, (value) => (value === null ? NaN : Number(value))) };
}

function typeOf(values: readonly unknown[]): ColumnType {
  if (values.every((value) => typeof value === "number")) return "f8";
  return values.every((value) => typeof value === "string") ? "str" : "json";
}
