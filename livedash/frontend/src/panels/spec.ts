// Panels and dashboards as data. They come from notebooks of anybody's, so each value is checked here and nowhere else.
import { isGlob, isRoom } from "../wire/names.ts";

export type PanelKind = "auto" | "line" | "number" | "table" | "log" | "figure";

export interface PanelOptions {
  /** Of a line chart's y. */
  readonly scale?: "linear" | "log";
  /** y from and to, where it is not to follow the data. */
  readonly range?: readonly [number, number];
}

export interface PanelSpec {
  readonly kind: PanelKind;
  readonly rooms: readonly string[];
  readonly fields: readonly string[] | null;
  readonly x: string | null;
  readonly window: number;
  readonly title: string | null;
  readonly height: number | null;
  readonly options: PanelOptions;
  readonly figure: { readonly data: readonly Record<string, unknown>[]; readonly layout: Record<string, unknown> } | null;
}

export interface DashboardSpec {
  readonly title: string | null;
  readonly rows: readonly (readonly PanelSpec[])[];
}

const KINDS: ReadonlySet<string> = new Set(["auto", "line", "number", "table", "log", "figure"]);
const VERSION = 1;
const MAX_PANELS = 100;
const MAX_WINDOW = 1_000_000;
const MIN_HEIGHT = 40;
const MAX_HEIGHT = 4000;
const DEFAULT_WINDOW = 10_000;

/** Throws an Error whose message is for people. */
export function dashboardOf(raw: unknown): DashboardSpec {
  const fields = objectOf(raw);
  if (fields.version !== undefined && fields.version !== VERSION) throw new Error("it was made by a newer livedash; reload the page, or update the server’s livedash");
  if (!Array.isArray(fields.rows)) throw new Error("a dashboard has rows");
  const rows = fields.rows.map((row: unknown) => (Array.isArray(row) ? row.map(panelOf) : []));
  const count = rows.reduce((sum, row) => sum + row.length, 0);
  if (count === 0 || count > MAX_PANELS) throw new Error(`a dashboard has 1 to ${MAX_PANELS} panels`);
  return { title: textOrNull(fields.title), rows };
}

function panelOf(raw: unknown): PanelSpec {
  const fields = objectOf(raw);
  const kind = String(fields.kind);
  if (!KINDS.has(kind)) throw new Error(`a panel of kind ${kind.slice(0, 40)} is not known; is this page older than the kernel?`);
  const rooms = textsOf(fields.rooms);
  if (rooms.length === 0 || !rooms.every((room) => isRoom(room) || isGlob(room))) throw new Error("a panel names the rooms that it shows");
  return {
    kind: kind as PanelKind,
    rooms,
    fields: fields.fields == null ? null : textsOf(fields.fields),
    x: textOrNull(fields.x),
    window: between(fields.window, 1, MAX_WINDOW) ?? DEFAULT_WINDOW,
    title: textOrNull(fields.title),
    height: between(fields.height, MIN_HEIGHT, MAX_HEIGHT),
    options: optionsOf(fields.options),
    figure: fields.figure == null ? null : figureOf(fields.figure),
  };
}

/** What this page does not know is for a newer one. */
function optionsOf(raw: unknown): PanelOptions {
  if (raw == null) return {};
  const { scale, range } = objectOf(raw);
  const isRange = Array.isArray(range) && range.length === 2 && range.every(Number.isFinite) && range[0] < range[1];
  return {
    ...((scale === "log" || scale === "linear") && { scale }),
    ...(isRange && { range: [range[0], range[1]] as const }),
  };
}

function figureOf(raw: unknown): PanelSpec["figure"] {
  const { data, layout } = objectOf(raw);
  if (!Array.isArray(data)) throw new Error("a figure has traces");
  return { data: data.map(objectOf), layout: layout == null ? {} : objectOf(layout) };
}

function objectOf(raw: unknown): Record<string, unknown> {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) throw new Error("that is no dashboard");
  return raw as Record<string, unknown>;
}

function textsOf(raw: unknown): string[] {
  return Array.isArray(raw) ? raw.filter((text): text is string => typeof text === "string") : [];
}

function textOrNull(raw: unknown): string | null {
  return typeof raw === "string" && raw !== "" ? raw : null;
}

function between(raw: unknown, low: number, high: number): number | null {
  return typeof raw === "number" && Number.isFinite(raw) ? Math.min(high, Math.max(low, Math.round(raw))) : null;
}
