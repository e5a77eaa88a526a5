// Any plotly figure whose traces are bound to a room's fields. plotly.js comes from the server, and only when a figure is shown.
import type { View, ViewContext } from "./contract.ts";
import type { Theme } from "./theme.ts";
import type { RollingWindow } from "./window.ts";

const EVERY_MS = 1000 / 15; // plotly.js takes twenty times as long as uPlot
const MAX_POINTS = 2000;
const DEFAULT_HEIGHT = 320;
const BINDING = "livedash";
const FORBIDDEN = new Set(["__proto__", "prototype", "constructor"]);

interface Plotly {
  react(element: HTMLElement, data: unknown[], layout: object, config: object): Promise<unknown>;
  purge(element: HTMLElement): void;
}

type Global = typeof globalThis & { Plotly?: Plotly; define?: unknown };
let loading: Promise<Plotly> | null = null;

export function figureView(context: ViewContext): View {
  return new FigureView(context);
}

class FigureView implements View {
  readonly element = document.createElement("div");
  readonly everyMs = EVERY_MS;
  private plotly: Plotly | null = null;
  private isDrawing = false;
  private isBehind = false;
  private isGone = false;
  private theme: Theme;
  private width = 600;

  constructor(private readonly context: ViewContext) {
    this.theme = context.theme;
    this.element.style.minHeight = `${this.height()}px`;
    loadPlotly(context.base).then(
      (plotly) => {
        this.plotly = plotly;
        if (!this.isGone) context.repaint();
      },
      (error: unknown) => {
        this.element.className = "ld-message";
        this.element.textContent = error instanceof Error ? error.message : String(error);
      },
    );
  }

  paint(): void | false {
    void this.draw();
    return this.plotly === null ? false : undefined;
  }

  resize(widthPx: number): void {
    this.width = widthPx;
    void this.draw();
  }

  themed(theme: Theme): void {
    this.theme = theme;
    void this.draw();
  }

  dispose(): void {
    this.isGone = true;
    this.plotly?.purge(this.element);
  }

  private async draw(): Promise<void> {
    const figure = this.context.spec.figure;
    if (!this.plotly || this.isGone || !figure) return;
    if (this.isDrawing) {
      this.isBehind = true;
      return;
    }
    this.isDrawing = true;
    this.isBehind = false;
    try {
      const traces = figure.data.map((trace) => boundTrace(trace, this.context.feed.windows));
      await this.plotly.react(this.element, traces, this.layout(figure.layout), { displaylogo: false, displayModeBar: "hover" });
    } finally {
      this.isDrawing = false;
    }
    if (this.isBehind) void this.draw(); // what came meanwhile
  }

  private layout(own: Record<string, unknown>): object {
    const { text, grid, series } = this.theme;
    const axis = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, automargin: true };
    return {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: text, size: 12, family: "system-ui, sans-serif" },
      colorway: series,
      margin: { l: 44, r: 12, t: own.title ? 36 : 10, b: 36 },
      uirevision: "livedash", // what the viewer zoomed stays
      ...own,
      xaxis: { ...axis, ...objectOr(own.xaxis) },
      yaxis: { ...axis, ...objectOr(own.yaxis) },
      width: this.width,
      height: this.height(),
    };
  }

  private height(): number {
    return this.context.spec.height ?? DEFAULT_HEIGHT;
  }
}

/** The trace with each bound attribute set: a column of numbers thinned out, or the latest value of a field that holds lists. */
export function boundTrace(trace: Record<string, unknown>, windows: ReadonlyMap<string, RollingWindow>): Record<string, unknown> {
  const binding = objectOr(trace[BINDING]);
  const drawn: Record<string, unknown> = structuredClone(trace);
  delete drawn[BINDING];
  const window = windows.get(String(binding.room));
  if (!window) return drawn;
  const step = Math.max(1, Math.ceil(window.length / MAX_POINTS));
  for (const [path, field] of Object.entries(binding)) {
    if (path === "room" || typeof field !== "string") continue;
    setAt(drawn, path.split("."), valuesOf(window, field, step));
  }
  return drawn;
}

function valuesOf(window: RollingWindow, field: string, step: number): unknown {
  const numbers = field === "time" ? undefined : window.column(field);
  if (!numbers && field !== "time" && window.texts.has(field)) {
    const latest = window.latestValue(field);
    return Array.isArray(latest) ? latest : picked(window, step, (row) => window.texts.get(field)!.values[row] ?? null);
  }
  const isTime = field === "time" || window.numbers.get(field)?.type === "time";
  return picked(window, step, (row) => {
    const value = numbers ? numbers[row]! : window.times[row]! * 1000;
    if (Number.isNaN(value)) return null;
    return isTime ? new Date(value).toISOString() : value;
  });
}

/** Every `step`th row, counted from the newest one, which is always there. */
function picked(window: RollingWindow, step: number, value: (row: number) => unknown): unknown[] {
  const values: unknown[] = [];
  for (let row = window.end - 1; row >= window.start; row -= step) values.push(value(row));
  return values.reverse();
}

function setAt(target: Record<string, unknown>, path: string[], value: unknown): void {
  if (path.some((part) => FORBIDDEN.has(part))) return; // a spec of anybody's must not reach the page's prototypes
  const last = path.pop()!;
  let at = target;
  for (const part of path) at = (at[part] = objectOr(at[part]));
  at[last] = value;
}

function objectOr(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function loadPlotly(base: string | null): Promise<Plotly> {
  const page = globalThis as Global;
  if (page.Plotly) return Promise.resolve(page.Plotly);
  if (base === null) {
    const fix = "run `livedash serve` and set LIVEDASH_URL, or use the notebook's own Jupyter server";
    return Promise.reject(new Error(`A figure needs plotly.js, which comes from a livedash server, and there is none here: ${fix}.`));
  }
  return (loading ??= loadScript(`${base}static/plotly.min.js`));
}

/** A classic script: where the page has an AMD loader, plotly.js would register there and not show itself. */
function loadScript(url: string): Promise<Plotly> {
  const page = globalThis as Global;
  return new Promise((resolve, reject) => {
    const define = page.define;
    page.define = undefined;
    const script = document.createElement("script");
    const restore = (): void => {
      page.define = define;
      script.remove();
    };
    script.onload = () => {
      restore();
      if (page.Plotly) resolve(page.Plotly);
      else reject(new Error("plotly.js was loaded and is not there: reload the page."));
    };
    script.onerror = () => {
      restore();
      loading = null;
      reject(new Error("plotly.js can't be loaded from the server: is the package plotly installed there?"));
    };
    script.src = url;
    document.head.append(script);
  });
}
