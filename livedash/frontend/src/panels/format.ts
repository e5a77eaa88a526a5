// Values as texts: numbers with as many digits as a glance needs, times, and everything else.

const DIGITS = 5;
const LARGE = 1e7;
const SMALL = 1e-4;
const MAX_TEXT = 200;
// Made once: toLocaleString makes a formatter at each call, and a page formats thousands of numbers a second.
const WHOLE = new Intl.NumberFormat("en-US");
const PLAIN = new Intl.NumberFormat("en-US", { maximumSignificantDigits: DIGITS });

export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (value !== 0 && (size >= LARGE || size < SMALL)) return value.toExponential(3).replace("-", "−").replace("e+", "e");
  if (Number.isInteger(value)) return WHOLE.format(value).replace("-", "−");
  return PLAIN.format(value).replace("-", "−");
}

export function formatChange(value: number): string {
  if (Number.isNaN(value)) return "";
  if (value === 0) return "±0";
  return `${value > 0 ? "▲" : "▼"} ${formatNumber(Math.abs(value))}`;
}

/** `ms` since 1970, in the viewer's own zone. */
export function formatTime(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  const date = new Date(ms);
  const pad = (value: number, width = 2): string => String(value).padStart(width, "0");
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`;
}

export function formatValue(value: unknown, isTime = false): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") return isTime ? formatTime(value) : formatNumber(value);
  if (typeof value === "string") return shorten(value);
  return shorten(JSON.stringify(value));
}

export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  return seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 360) / 10} h`;
}

function shorten(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}
