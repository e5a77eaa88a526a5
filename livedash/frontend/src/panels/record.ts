// One record as texts: for a cell, for a line, and whole; of a window, or the latest of its key.
import type { KeyedRecord } from "../client/keyed_rows.ts";
import { cell } from "../wire/batch.ts";
import type { ColumnType } from "../wire/column.ts";
import { formatCount, formatValue } from "./format.ts";
import { formatMoment, formatTimeOfDay } from "./moments.ts";
import type { RollingWindow } from "./window.ts";

const DAY_MS = 86_400_000;
const US_PER_MS = 1000;

/** What a text says depends on more than the value. */
interface Kind {
  readonly type: ColumnType;
  readonly tz?: string | undefined;
  readonly isNumeric: boolean;
}

export function textAt(window: RollingWindow, name: string, row: number): string {
  const field = window.fields.get(name);
  return field ? textOf(field.cell(row - window.base), field) : "";
}

export function textInRecord({ batch, row }: KeyedRecord, name: string): string {
  const column = batch.columns.get(name);
  return column ? textOf(plain(cell(column, row)), { type: column.type, tz: column.tz, isNumeric: column.values instanceof Float64Array }) : "";
}

/** NaN where the record has no number there. */
export function numberInRecord({ batch, row }: KeyedRecord, name: string): number {
  const column = batch.columns.get(name);
  const value = column && cell(column, row);
  return typeof value === "number" ? value : NaN;
}

export function pushedAt(window: RollingWindow, row: number, nowMs: number): string {
  return momentText(window.times[row - window.base]!, nowMs);
}

export function timeOfRecord({ batch, row }: KeyedRecord): number {
  return batch.times[row]! / US_PER_MS;
}

/** When a record was pushed: the time of day alone where that was less than a day ago. */
export function momentText(ms: number, nowMs: number): string {
  return nowMs - ms < DAY_MS && new Date(ms).getDate() === new Date(nowMs).getDate() ? formatTimeOfDay(ms) : formatMoment(ms);
}

/** All of it, a line a field, nested values indented. */
export function wholeRecord(window: RollingWindow, row: number): string {
  const lines = Array.from(window.fields, ([name, field]) => lineOf(name, field.cell(row - window.base), field));
  return [`pushed at ${formatMoment(window.times[row - window.base]!)}`, ...lines.filter((line) => line !== null)].join("\n");
}

export function wholeOfRecord(record: KeyedRecord): string {
  const lines = Array.from(record.batch.columns, ([name, column]) => {
    const kind = { type: column.type, tz: column.tz, isNumeric: column.values instanceof Float64Array };
    return lineOf(name, plain(cell(column, record.row)), kind);
  });
  return [`pushed at ${formatMoment(timeOfRecord(record))}`, ...lines.filter((line) => line !== null)].join("\n");
}

function textOf(value: unknown, { type, tz, isNumeric }: Kind): string {
  if (value === null && isNumeric) return "NaN"; // as far as a table can tell: null, NaN or infinite
  if (type === "i8" && typeof value === "string") return formatCount(value); // beyond ±(2^53 − 1)
  return formatValue(value, type === "time" ? { zone: tz ?? "UTC" } : null);
}

function lineOf(name: string, value: unknown, kind: Kind): string | null {
  if (value === undefined) return null;
  const isNested = typeof value === "object" && value !== null;
  const text = typeof value === "string" ? value : isNested ? JSON.stringify(value, null, 2) : String(value);
  return `${name}: ${kind.type === "time" ? textOf(value, kind) : text}`;
}

/** As a window holds it. */
function plain(value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? null : value;
}
