// Moments (ms since 1970) as texts, in the viewer's own zone or in a named one; and an axis of them.

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const OFFSET = /^(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?$/;

/** A date whose local getters tell the time in `zone`; null is the viewer's own. An unknown zone is read as UTC. */
export function zoned(ms: number, zone: string | null): Date {
  const date = new Date(ms);
  if (zone === null) return date;
  const shifted = new Date(ms + offsetMs(zone, ms));
  return new Date(shifted.getTime() + shifted.getTimezoneOffset() * MINUTE_MS);
}

/** 2026-11-24 06:40:52.972, without what is zero at the end: a day alone where the time is midnight and the zone names days. */
export function formatMoment(ms: number, zone: string | null = null): string {
  if (!Number.isFinite(ms)) return "–";
  const date = zoned(ms, zone);
  const time = formatClock(date);
  return zone !== null && time === "00:00:00" ? formatDay(date) : `${formatDay(date)} ${time}`;
}

export function formatTimeOfDay(ms: number, zone: string | null = null): string {
  const date = zoned(ms, zone);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** 2026-11-24T06:40:52.972 as the zone tells it: plotly.js knows no zones. */
export function isoText(ms: number, zone: string | null): string {
  if (!Number.isFinite(ms)) return "";
  return `${formatDay(zoned(ms, zone))}T${formatTimeOfDay(ms, zone)}`;
}

/** Labels of an axis whose neighbours are `stepMs` apart. Where a day or a year begins, it is named. */
export function formatMoments(ticks: readonly number[], stepMs: number, zone: string | null, thisYear: number): string[] {
  let before: Date | null = null;
  return ticks.map((tick) => {
    const date = zoned(tick, zone);
    const text = stepMs < DAY_MS ? timeLabel(date, before, stepMs) : dayLabel(date, before, stepMs, thisYear);
    before = date;
    return text;
  });
}

function timeLabel(date: Date, before: Date | null, stepMs: number): string {
  if (before !== null && before.getDate() !== date.getDate()) return `${MONTHS[date.getMonth()]!} ${date.getDate()}`;
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (stepMs >= MINUTE_MS) return minutes;
  const seconds = `${minutes}:${two(date.getSeconds())}`;
  if (stepMs >= 1000) return seconds;
  const digits = [1, 2].find((count) => stepMs % 10 ** (3 - count) === 0) ?? 3;
  return `${seconds.slice(3)}.${String(date.getMilliseconds()).padStart(3, "0").slice(0, digits)}`;
}

function dayLabel(date: Date, before: Date | null, stepMs: number, thisYear: number): string {
  const year = date.getFullYear();
  if (stepMs >= 360 * DAY_MS) return String(year);
  const isNewYear = before === null ? year !== thisYear : year !== before.getFullYear();
  const month = MONTHS[date.getMonth()]!;
  const day = stepMs >= 28 * DAY_MS ? month : `${month} ${date.getDate()}`;
  return isNewYear ? `${day} ${year}` : day;
}

function formatDay(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function formatClock(date: Date): string {
  const seconds = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const ms = date.getMilliseconds();
  return ms === 0 ? seconds : `${seconds}.${String(ms).padStart(3, "0")}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

// Zones

const formats = new Map<string, Intl.DateTimeFormat | null>();
const offsets = new Map<string, number>();
const MAX_OFFSETS = 4096;

/** Kept by the quarter hour: at such moments zones change, and Intl takes 20 µs. */
function offsetMs(zone: string, ms: number): number {
  const fixed = OFFSET.exec(zone);
  if (fixed) return (fixed[1] === "-" ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3] ?? 0)) * MINUTE_MS;
  if (zone === "UTC" || !Number.isFinite(ms)) return 0;
  const quarter = Math.floor(ms / (15 * MINUTE_MS));
  const key = `${zone} ${quarter}`;
  let offset = offsets.get(key);
  if (offset === undefined) {
    if (offsets.size >= MAX_OFFSETS) offsets.clear();
    offset = offsetAt(zone, quarter * 15 * MINUTE_MS);
    offsets.set(key, offset);
  }
  return offset;
}

function offsetAt(zone: string, ms: number): number {
  const format = formatOf(zone);
  if (format === null) return 0;
  const parts: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(ms)) parts[type] = Number(value);
  const { year, month, day, hour, minute, second } = parts;
  return Date.UTC(year!, month! - 1, day, hour! % 24, minute, second) - Math.floor(ms / 1000) * 1000;
}

function formatOf(zone: string): Intl.DateTimeFormat | null {
  let format = formats.get(zone);
  if (format === undefined) {
    format = newFormat(zone);
    formats.set(zone, format);
  }
  return format;
}

function newFormat(zone: string): Intl.DateTimeFormat | null {
  const number = "numeric";
  try {
    const options = { year: number, month: number, day: number, hour: number, minute: number, second: number, hourCycle: "h23" } as const;
    return new Intl.DateTimeFormat("en-US", { timeZone: zone, ...options });
  } catch {
    return null; // a zone that this browser does not know
  }
}
