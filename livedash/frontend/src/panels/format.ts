// Numbers and other values as texts: as many digits as a glance needs. Moments are in moments.ts.
import { MOST_DECIMALS } from "./decimals.ts";
import { formatMoment } from "./moments.ts";

const GLANCE_DIGITS = 4;
const EXACT_DIGITS = 7;
const LARGE = 1e9; // above, and below SMALL, by exponent
const SMALL = 1e-4;
const MAX_TEXT = 300;
const MAX_DECIMALS = 12;
const PREFIXES = ["", "k", "M", "G", "T", "P"];

/** `digits` in all, and `leastDecimals` behind the point: a table writes numbers below each other, which must not be rounded before that. */
export function formatNumber(value: number, digits = GLANCE_DIGITS, leastDecimals = 0): string {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (value !== 0 && (size >= LARGE || size < SMALL)) return exponential(value, digits - 1);
  if (Number.isInteger(value)) return grouped(String(value));
  const decimals = Math.max(leastDecimals, digits - 1 - Math.floor(Math.log10(size)));
  return grouped(withoutZeros(value.toFixed(Math.min(decimals, MAX_DECIMALS))));
}

/** The difference of two values of a field, with its direction. */
export function formatChange(value: number): string {
  if (Number.isNaN(value)) return "";
  if (value === 0) return "unchanged";
  return `${value > 0 ? "▲" : "▼"} ${formatNumber(Math.abs(value), 3)}`;
}

/** Labels of an axis whose neighbours are `step` apart: all with the same decimals and the same prefix. */
export function formatTicks(ticks: readonly number[], step: number): string[] {
  const largest = Math.max(...ticks.map(Math.abs));
  const power = largest < 1e4 ? 0 : Math.floor(Math.log10(largest) / 3);
  const isPlain = (largest >= 1e-3 || largest === 0) && power < PREFIXES.length;
  const unit = 1000 ** power;
  const decimals = decimalsOf(step / unit);
  return ticks.map((tick) => {
    if (tick === 0) return "0";
    return isPlain ? grouped((tick / unit).toFixed(decimals)) + PREFIXES[power]! : exponential(tick, digitsApart(tick, step));
  });
}

/** A record's value in a table or a log. */
export function formatValue(value: unknown, time: { readonly zone: string | null } | null = null): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") {
    if (time) return formatMoment(value, time.zone);
    return Number.isSafeInteger(value) ? formatCount(value) : formatNumber(value, EXACT_DIGITS, MOST_DECIMALS);
  }
  if (typeof value === "string") return shorten(value);
  return shorten(JSON.stringify(value));
}

/** An integer, all digits of it. */
export function formatCount(count: number | string): string {
  return grouped(String(count));
}

export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  return seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 360) / 10} h`;
}

function exponential(value: number, decimals: number): string {
  const [mantissa, exponent] = value.toExponential(decimals).split("e") as [string, string];
  return `${minus(withoutZeros(mantissa))}e${minus(exponent.replace("+", ""))}`;
}

function digitsApart(tick: number, step: number): number {
  return Math.max(0, Math.min(4, Math.floor(Math.log10(Math.abs(tick))) - Math.floor(Math.log10(step) + 1e-9)));
}

function decimalsOf(step: number): number {
  let decimals = 0;
  while (decimals < MAX_DECIMALS && Math.abs(step - Number(step.toFixed(decimals))) > step * 1e-6) decimals++;
  return decimals;
}

function grouped(text: string): string {
  const point = text.indexOf(".");
  const whole = point < 0 ? text : text.slice(0, point);
  const digits = whole.replace("-", "").length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, ",") : whole;
  return minus(point < 0 ? digits : digits + text.slice(point));
}

function withoutZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function minus(text: string): string {
  return text.startsWith("-") ? `−${text.slice(1)}` : text;
}

function shorten(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}

/** Rooms and globs as people read them. */
export function namesOf(rooms: readonly string[]): string {
  return rooms.map((room) => (room === "*" ? "all rooms" : room)).join(", ");
}
