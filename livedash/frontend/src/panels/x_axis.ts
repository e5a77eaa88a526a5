// Which field is a chart's x, and how it is read: a number, or a moment in a time zone.
import type { RollingWindow } from "./window.ts";

export interface X {
  /** null: when the record was pushed. */
  readonly field: string | null;
  readonly isTime: boolean;
  /** Where its moments are told: a zone's name, "UTC" for times without a zone, null for the viewer's own. */
  readonly zone: string | null;
}

export const RECORD_TIME: X = { field: null, isTime: true, zone: null };
const STEP_FIELDS = ["step", "epoch"];

/** The field asked for, else `step` or `epoch`, else a time field, else the record's time. `refused` are fields that turned out to be no x. */
export function chooseX(windows: Iterable<RollingWindow>, asked: string | null, refused: ReadonlySet<string> = new Set()): X {
  if (asked === "time") return RECORD_TIME;
  const shown = [...windows].filter((window) => window.length > 0);
  const isEverywhere = (name: string): boolean => shown.every((window) => window.fields.get(name)?.isNumeric);
  const names = asked !== null ? [asked] : [...STEP_FIELDS, ...timeFields(shown[0])].filter((name) => !refused.has(name));
  const name = shown.length > 0 ? names.find(isEverywhere) : undefined;
  return name === undefined ? RECORD_TIME : xOf(shown[0]!, name);
}

/** x and what else only tells how far things are: neither is drawn as a series. */
export function isAxisLike(window: RollingWindow, name: string): boolean {
  return STEP_FIELDS.includes(name) || window.fields.get(name)?.type === "time" || isClock(window, name);
}

function xOf(window: RollingWindow, name: string): X {
  const { type, tz } = window.fields.get(name)!;
  return type === "time" ? { field: name, isTime: true, zone: tz ?? "UTC" } : { field: name, isTime: false, zone: null };
}

function timeFields(window: RollingWindow | undefined): string[] {
  return [...(window?.fields.values() ?? [])].filter(({ type }) => type === "time").map(({ name }) => name);
}

const CLOCK_NAMES = /^(?:t|ts|time|timestamp|unix_time|created_at|updated_at)$/i;
const SECONDS = [1e9, 4e9] as const; // 2001 to 2096
const UNITS = [1, 1e3, 1e6, 1e9]; // s, ms, µs, ns

/** Numbers that are seconds since 1970, or a finer unit of it, under a name that says so. */
function isClock(window: RollingWindow, name: string): boolean {
  if (!CLOCK_NAMES.test(name)) return false;
  const value = window.latest(name);
  return UNITS.some((unit) => value >= SECONDS[0] * unit && value <= SECONDS[1] * unit);
}
