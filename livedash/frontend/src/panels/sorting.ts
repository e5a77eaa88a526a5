// The order of a table's rows by one of its columns. Pure.
import type { KeyedRecord, KeyedRows } from "../client/keyed_rows.ts";
import { cell } from "../wire/batch.ts";
import type { ColumnType } from "../wire/column.ts";
import type { RollingWindow } from "./window.ts";

/** The column of the records' own time; a field of that name is another one. */
export const TIME = "\u0000time";

export interface Sort {
  readonly field: string;
  readonly isDescending: boolean;
}

/** A click sorts downwards, a second one upwards, a third one shows them as they were. */
export function nextSort(sort: Sort | null, field: string): Sort | null {
  if (sort?.field !== field) return { field, isDescending: true };
  return sort.isDescending ? { field, isDescending: false } : null;
}

/** The window's rows in that order, newer ones first among equals. */
export function sortedRows(window: RollingWindow, { field, isDescending }: Sort): number[] {
  const values = Array.from({ length: window.length }, (_, at) => keyInWindow(window, field, window.start + at));
  return sortedPlaces(values, isDescending, (a, b) => b - a).map((at) => window.firstRow + at);
}

/** The rows of keys in that order, those whose keys came earlier first among equals. */
export function sortedKeys({ records }: KeyedRows, { field, isDescending }: Sort): number[] {
  const rows = [...records.keys()];
  const values = Array.from(records.values(), (record) => keyInRecord(record, field));
  return sortedPlaces(values, isDescending, (a, b) => a - b).map((at) => rows[at]!);
}

type SortKey = number | bigint | string | undefined;

/** Those without a value stand at the end, either way. */
function sortedPlaces(values: readonly SortKey[], isDescending: boolean, amongEquals: (a: number, b: number) => number): number[] {
  const sign = isDescending ? -1 : 1;
  return Array.from(values, (_, at) => at).sort((a, b) => {
    const [one, other] = [values[a], values[b]];
    if (one === undefined || other === undefined) return one === other ? amongEquals(a, b) : one === undefined ? 1 : -1;
    return sign * compared(one, other) || amongEquals(a, b);
  });
}

function compared(one: number | bigint | string, other: number | bigint | string): number {
  const isText = typeof one === "string" || typeof other === "string";
  if (isText) return String(one).localeCompare(String(other));
  return one < other ? -1 : one > other ? 1 : 0;
}

const INTEGER = /^-?\d+$/;

function keyInWindow(window: RollingWindow, name: string, at: number): SortKey {
  if (name === TIME) return window.times[at]!;
  const field = window.fields.get(name);
  return keyOf(field?.cell(at), field?.type);
}

function keyInRecord({ batch, row }: KeyedRecord, name: string): SortKey {
  if (name === TIME) return batch.times[row]!;
  const column = batch.columns.get(name);
  return keyOf(column && cell(column, row), column?.type);
}

function keyOf(value: unknown, type: ColumnType | undefined): SortKey {
  if (value === undefined || value === null || Number.isNaN(value)) return undefined;
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "string") return type === "i8" && INTEGER.test(value) ? BigInt(value) : value;
  return JSON.stringify(value);
}
