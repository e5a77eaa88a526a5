// A figure's traces with the columns of a room in the attributes that are bound to its fields. Pure. A spec may be of anybody's making.
import { isoText } from "./moments.ts";
import { Thinner, Trace } from "./thinning.ts";
import type { RollingWindow } from "./window.ts";

const MOST_POINTS = 2000; // a trace; plotly.js takes 20 times as long as uPlot
const BINDING = "livedash";
const TIME = "time"; // the records' own, unless they have a field of that name
const FORBIDDEN: ReadonlySet<string> = new Set(["__proto__", "prototype", "constructor"]);
/** Traces that draw y as it goes: thinned out by its extremes. Others get rows evenly picked. */
const DRAWS_Y: ReadonlySet<unknown> = new Set([undefined, "scatter", "scattergl", "bar"]);

/** The trace without its binding; attributes bound to numbers hold a column, those bound to nested values the latest one. */
export function boundTrace(trace: Record<string, unknown>, windows: ReadonlyMap<string, RollingWindow>): Record<string, unknown> {
  const { [BINDING]: raw, ...own } = trace;
  const binding = objectOr(raw);
  const drawn = structuredClone(own);
  const window = windows.get(String(binding.room));
  if (!window) return drawn;
  const rows = pickedRows(window, DRAWS_Y.has(trace.type) ? binding.y : undefined);
  for (const [path, field] of Object.entries(binding)) {
    if (path !== "room" && typeof field === "string") setAt(drawn, path.split("."), attribute(window, field, rows));
  }
  return drawn;
}

function attribute(window: RollingWindow, name: string, rows: readonly number[]): unknown {
  if (name === TIME && !window.fields.has(name)) return rows.map((row) => isoText(window.times[row - window.base]!, null));
  const field = window.fields.get(name);
  if (!field) return [];
  const latest = field.type === "json" ? window.latestValue(name) : undefined;
  if (typeof latest === "object" && latest !== null) return latest;
  const isTime = field.type === "time";
  return rows.map((row) => {
    const value = field.cell(row - window.base) ?? null;
    return isTime && typeof value === "number" ? isoText(value, field.tz ?? "UTC") : value;
  });
}

const trace = new Trace();

/** At most MOST_POINTS rows. */
function pickedRows(window: RollingWindow, y: unknown): number[] {
  const { firstRow, nextRow, length } = window;
  if (length <= MOST_POINTS) return Array.from({ length }, (_, at) => firstRow + at);
  const ys = typeof y === "string" && window.fields.get(y)?.isNumeric ? window.numbers(y) : null;
  return ys ? extremes(window, ys) : evenly(firstRow, nextRow);
}

function evenly(firstRow: number, nextRow: number): number[] {
  const step = Math.ceil((nextRow - firstRow) / MOST_POINTS);
  const rows: number[] = [];
  for (let row = nextRow - 1; row >= firstRow; row -= step) rows.push(row); // from the newest, which is always there
  return rows.reverse();
}

function extremes(window: RollingWindow, ys: Float64Array): number[] {
  const rows = Float64Array.from({ length: window.end }, (_, at) => at + window.base);
  new Thinner().fill(trace, { xs: rows, ys, base: window.base }, window.start, window.end, groupOf(window.length));
  return [...new Set(trace.xs.subarray(0, trace.length))]; // the newest may stand there twice
}

function groupOf(rows: number): number {
  return 2 ** Math.ceil(Math.log2((rows * 2) / MOST_POINTS));
}

function setAt(target: Record<string, unknown>, path: string[], value: unknown): void {
  if (path.some((part) => FORBIDDEN.has(part))) return; // must not reach the page's prototypes
  const last = path.pop()!;
  let at = target;
  for (const part of path) at = (at[part] = objectOr(at[part]));
  at[last] = value;
}

function objectOr(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
