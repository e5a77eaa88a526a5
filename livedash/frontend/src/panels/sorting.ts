// The order of a table's rows by one of its columns. Pure.
import type { RollingWindow } from "./window.ts";

/** The column of the records' own time; a field of that name is another one. */
export const TIME = "\u0000time";

export interface Sort {
  readonly field: string;
  readonly isDescending: boolean;
}

/** A click sorts downwards, a second one upwards, a third one shows the newest first again. */
export function nextSort(sort: Sort | null, field: string): Sort | null {
  if (sort?.field !== field) return { field, isDescending: true };
  return sort.isDescending ? { field, isDescending: false } : null;
}

/** The window's rows in that order; those without the field at the end, either way. */
export function sortedRows(window: RollingWindow, { field, isDescending }: Sort): number[] {
  const values = Array.from({ length: window.length }, (_, at) => keyOf(window, field, window.start + at));
  const rows = Array.from(values, (_, at) => at);
  const sign = isDescending ? -1 : 1;
  rows.sort((a, b) => {
    const [one, other] = [values[a], values[b]];
    if (one === undefined || other === undefined) return one === other ? b - a : one === undefined ? 1 : -1;
    return sign * compared(one, other) || b - a; // newer ones first among equals
  });
  return rows.map((at) => window.firstRow + at);
}

function compared(one: number | bigint | string, other: number | bigint | string): number {
  const isText = typeof one === "string" || typeof other === "string";
  if (isText) return String(one).localeCompare(String(other));
  return one < other ? -1 : one > other ? 1 : 0;
}

const INTEGER = /^-?\d+$/;

function keyOf(window: RollingWindow, name: string, at: number): number | bigint | string | undefined {
  if (name === TIME) return window.times[at]!;
  const field = window.fields.get(name);
  const value = field?.cell(at);
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "string") return field!.type === "i8" && INTEGER.test(value) ? BigInt(value) : value;
  return JSON.stringify(value);
}
