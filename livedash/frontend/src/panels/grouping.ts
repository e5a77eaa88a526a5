// Which charts a room's fields get: one line chart for each group of numeric fields of like size. Pure; drawing is auto.ts's business.
import type { RollingWindow } from "./window.ts";

const MAX_DECADES = 1.3; // fields of one chart differ by less than a factor of 20
const MAX_SERIES = 8;
const SAMPLE_ROWS = 200;
const X_FIELDS = ["step", "epoch"];

/** The field for x: the one asked for, else `step` or `epoch`, else a time field; null: the record's own time. */
export function chooseX(window: RollingWindow, asked: string | null): string | null {
  if (asked !== null) return asked === "time" ? null : asked;
  for (const name of X_FIELDS) if (window.numbers.has(name)) return name;
  for (const field of window.numbers.values()) if (field.type === "time") return field.name;
  return null;
}

export function isTimeField(window: RollingWindow, name: string | null): boolean {
  return name === null || window.numbers.get(name)?.type === "time";
}

/** Numeric fields that are drawn: neither x nor times. */
export function seriesFields(window: RollingWindow, x: string | null): string[] {
  const fields = [...window.numbers.values()].filter(({ name, type }) => name !== x && !X_FIELDS.includes(name) && type !== "time");
  return fields.map(({ name }) => name);
}

/** log10 of the size of a field's values in its last rows; null before it has a value. */
export function magnitude(window: RollingWindow, name: string): number | null {
  const values = window.column(name);
  if (!values) return null;
  let largest = 0;
  let isSeen = false;
  for (let row = Math.max(window.start, window.end - SAMPLE_ROWS); row < window.end; row++) {
    const value = Math.abs(values[row]!);
    if (Number.isNaN(value)) continue;
    isSeen = true;
    if (value > largest && value !== Infinity) largest = value;
  }
  return isSeen ? Math.log10(Math.max(largest, 1e-12)) : null;
}

export interface Group {
  readonly fields: string[];
  low: number;
  high: number;
}

/** Puts fields that are not in a group yet into one that fits, or into a new one. Groups never change their fields otherwise. */
export function assign(groups: Group[], sized: readonly { name: string; size: number }[]): void {
  const known = new Set(groups.flatMap((group) => group.fields));
  for (const { name, size } of sized) {
    if (known.has(name)) continue;
    const fitting = groups.find(
      (group) => group.fields.length < MAX_SERIES && Math.max(group.high, size) - Math.min(group.low, size) <= MAX_DECADES,
    );
    if (fitting) {
      fitting.fields.push(name);
      fitting.low = Math.min(fitting.low, size);
      fitting.high = Math.max(fitting.high, size);
    } else {
      groups.push({ fields: [name], low: size, high: size });
    }
  }
}
