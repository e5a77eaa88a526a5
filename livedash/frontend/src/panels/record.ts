// One record of a window as texts: for a cell, for a line, and whole.
import { formatCount, formatValue } from "./format.ts";
import { formatMoment, formatTimeOfDay } from "./moments.ts";
import type { RollingWindow } from "./window.ts";

const DAY_MS = 86_400_000;

export function textAt(window: RollingWindow, name: string, row: number): string {
  const field = window.fields.get(name);
  if (!field) return "";
  const value = field.cell(row - window.base);
  if (value === null && field.isNumeric) return "NaN"; // as far as a table can tell: null, NaN or infinite
  if (field.type === "i8" && typeof value === "string") return formatCount(value); // beyond ±(2^53 − 1)
  return formatValue(value, field.type === "time" ? { zone: field.tz ?? "UTC" } : null);
}

/** When the record was pushed: the time of day alone where that was less than a day ago. */
export function pushedAt(window: RollingWindow, row: number, nowMs: number): string {
  const ms = window.times[row - window.base]!;
  return nowMs - ms < DAY_MS && new Date(ms).getDate() === new Date(nowMs).getDate() ? formatTimeOfDay(ms) : formatMoment(ms);
}

/** All of it, a line a field, nested values indented. */
export function wholeRecord(window: RollingWindow, row: number): string {
  const lines = [`pushed at ${formatMoment(window.times[row - window.base]!)}`];
  for (const [name, field] of window.fields) {
    const value = field.cell(row - window.base);
    if (value === undefined) continue;
    const isNested = typeof value === "object" && value !== null;
    const text = typeof value === "string" ? value : isNested ? JSON.stringify(value, null, 2) : String(value);
    lines.push(`${name}: ${field.type === "time" ? textAt(window, name, row) : text}`);
  }
  return lines.join("\n");
}
