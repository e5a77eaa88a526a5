// The line chart: uPlot over a room's rolling window, with zoom that stays, runs that fade, and a legend of live values.
import uPlot from "uplot";
import type { View, ViewContext } from "./contract.ts";
import { formatNumber, formatTime } from "./format.ts";
import { chooseX, isTimeField, seriesFields } from "./grouping.ts";
import type { Theme } from "./theme.ts";
import type { RollingWindow } from "./window.ts";

const DEFAULT_HEIGHT = 220;
const LEGEND_PX = 20;
const OLD_RUN_ALPHA = 0.25;
const WHEEL_STEP = 0.15;

interface Series {
  readonly room: string;
  readonly field: string;
  readonly label: string;
}

type Data = uPlot.AlignedData;

export function lineView(context: ViewContext): View {
  return new LineView(context);
}

class LineView implements View {
  readonly element = document.createElement("div");
  private readonly legend = document.createElement("div");
  private readonly plotBox = document.createElement("div");
  private readonly follow = document.createElement("button");
  private plot: uPlot | null = null;
  private series: Series[] = [];
  private keys: HTMLElement[] = [];
  private hidden = new Set<string>();
  private shape = "";
  private width = 600;
  private isFrozen = false;
  private theme: Theme;
  private hasOldRun = false;

  constructor(private readonly context: ViewContext) {
    this.theme = context.theme;
    this.legend.className = "ld-legend";
    this.plotBox.className = "ld-plot";
    this.follow.className = "ld-follow";
    this.follow.textContent = "follow ⟶";
    this.follow.title = "Show the newest records again (or double-click the chart)";
    this.follow.hidden = true;
    this.follow.onclick = () => this.unfreeze();
    this.plotBox.append(this.follow);
    this.plotBox.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    this.plotBox.addEventListener("dblclick", () => this.unfreeze());
    this.plotBox.addEventListener("mousedown", (event) => this.onDragStart(event), { capture: true });
    this.plotBox.tabIndex = 0;
    this.plotBox.addEventListener("keydown", (event) => this.onKey(event));
    this.element.append(this.legend, this.plotBox);
  }

  paint(): void {
    const series = this.seriesNow();
    const x = this.xNow();
    const shape = JSON.stringify([series, x]);
    const data = this.data(series, x);
    if (shape !== this.shape || this.plot === null || this.hasOldRun !== data.length > series.length + 1) {
      this.shape = shape;
      this.series = series;
      this.hasOldRun = data.length > series.length + 1;
      this.rebuild(data);
    } else {
      this.plot.setData(data, !this.isFrozen);
      if (this.isFrozen) this.plot.redraw();
    }
    this.showValues(this.plot?.cursor.idx ?? null);
  }

  resize(widthPx: number): void {
    this.width = widthPx;
    this.plot?.setSize({ width: widthPx, height: this.height() });
  }

  themed(theme: Theme): void {
    this.theme = theme;
    this.shape = "";
  }

  dispose(): void {
    this.plot?.destroy();
  }

  // Data

  private seriesNow(): Series[] {
    const { spec, feed } = this.context;
    const found: Series[] = [];
    for (const [room, window] of feed.windows) {
      const fields = spec.fields ?? seriesFields(window, chooseX(window, spec.x));
      for (const field of fields) {
        const label = feed.windows.size > 1 ? `${room} ${field}` : field;
        if (window.numbers.has(field)) found.push({ room, field, label });
      }
    }
    return found;
  }

  private xNow(): string | null {
    for (const window of this.context.feed.windows.values()) return chooseX(window, this.context.spec.x);
    return null;
  }

  /** x first, then each series' newest run, then, if x went back, each series' run before it. */
  private data(series: readonly Series[], x: string | null): Data {
    const rooms = [...new Set(series.map(({ room }) => room))];
    const only = rooms[0];
    if (only === undefined) return [new Float64Array(0)] as unknown as Data;
    const tables = rooms.map((room) => this.runs(this.context.feed.windows.get(room)!, series.filter((one) => one.room === room), x));
    const newest = tables.map(([run]) => run!);
    const older = tables.map((table) => table[1]);
    if (rooms.length === 1 && older[0] === undefined) return newest[0]!;
    const parts = [...newest, ...older.filter((run) => run !== undefined)];
    return uPlot.join(parts) as Data;
  }

  private runs(window: RollingWindow, series: readonly Series[], x: string | null): Data[] {
    const xs = (x === null ? window.times : window.column(x)) ?? window.times;
    const scale = x !== null && isTimeField(window, x) ? 1 / 1000 : 1;
    const starts = runStarts(xs, window.start, window.end);
    const cut = (from: number, to: number): Data => {
      const part = xs.subarray(from, to);
      const rows = rowsWithX(part); // a record without x has no place in the chart
      const taken = (column: Float64Array): Float64Array => (rows ? Float64Array.from(rows, (row) => column[row]!) : column);
      const values = series.map(({ field }) => withoutNaN(taken(window.column(field)!.subarray(from, to))));
      const shown = taken(part);
      return [scale === 1 ? shown : shown.map((value) => value * scale), ...values] as unknown as Data;
    };
    const [last, before] = starts;
    const runs = [cut(last!, window.end)];
    if (before !== undefined) runs.push(cut(before, last!));
    return runs;
  }

  // Drawing

  private rebuild(data: Data): void {
    this.plot?.destroy();
    this.keys = this.series.map((series, index) => this.legendKey(series, index));
    this.legend.replaceChildren(...this.keys);
    this.plot = new uPlot(this.options(data.length - 1), data, this.plotBox);
    this.isFrozen = false;
    this.follow.hidden = true;
  }

  private options(count: number): uPlot.Options {
    const { muted, grid } = this.theme;
    const isTime = this.isTime();
    const axis = { stroke: muted, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1, size: 4 }, font: "11px system-ui, sans-serif" };
    return {
      width: this.width,
      height: this.height(),
      legend: { show: false },
      padding: [8, 10, 0, 0],
      scales: { x: { time: isTime, range: (_, min, max) => xRange(min, max) } },
      cursor: { drag: { x: true, y: false, setScale: true }, points: { size: 6 }, sync: { key: `ld-${isTime}` } },
      axes: [
        { ...axis, size: isTime ? 40 : 28, gap: 4 }, // times have a second line, with the day
        { ...axis, size: yAxisWidth, gap: 4, values: (_, ticks) => ticks.map((tick) => formatNumber(tick)) },
      ],
      series: [{}, ...Array.from({ length: count }, (_, index) => this.seriesOptions(index))],
      hooks: {
        setCursor: [(plot) => this.showValues(plot.cursor.idx ?? null)],
        setSelect: [(plot) => plot.select.width > 0 && this.freeze()],
      },
    };
  }

  private seriesOptions(index: number): uPlot.Series {
    const at = index % this.series.length;
    const isOld = index >= this.series.length;
    const { label } = this.series[at]!;
    return {
      label,
      stroke: this.colour(at),
      width: 1.5,
      alpha: isOld ? OLD_RUN_ALPHA : 1,
      show: !this.hidden.has(label),
      points: { show: (plot) => (plot.data[0]?.length ?? 0) < 40, size: 4, fill: this.colour(at) },
      spanGaps: true, // a field that only some records have, such as a validation score, is a line all the same
    };
  }

  private colour(index: number): string {
    return this.theme.series[index % this.theme.series.length]!;
  }

  private isTime(): boolean {
    const x = this.xNow();
    for (const window of this.context.feed.windows.values()) return isTimeField(window, x);
    return true;
  }

  private height(): number {
    return (this.context.spec.height ?? DEFAULT_HEIGHT + LEGEND_PX) - LEGEND_PX;
  }

  private legendKey({ label }: Series, index: number): HTMLElement {
    const key = document.createElement("button");
    key.className = "ld-key";
    key.setAttribute("aria-pressed", String(!this.hidden.has(label)));
    const swatch = document.createElement("i");
    swatch.style.background = this.colour(index);
    const name = document.createElement("span");
    name.textContent = label;
    key.append(swatch, name, document.createElement("b"));
    key.onclick = () => {
      if (!this.hidden.delete(label)) this.hidden.add(label);
      const isShown = !this.hidden.has(label);
      key.setAttribute("aria-pressed", String(isShown));
      this.plot?.setSeries(index + 1, { show: isShown });
    };
    return key;
  }

  /** At the cursor, or the latest. */
  private showValues(index: number | null): void {
    const { plot } = this;
    if (!plot) return;
    this.series.forEach(({ room, field }, at) => {
      const value = index === null ? this.context.feed.windows.get(room)?.latest(field) : plot.data[at + 1]?.[index];
      const text = typeof value === "number" ? formatNumber(value) : "–";
      const shown = this.keys[at]?.lastElementChild;
      if (shown && shown.textContent !== text) shown.textContent = text;
    });
    const x = index === null ? null : plot.data[0]?.[index];
    this.legend.title = typeof x === "number" ? (this.isTime() ? formatTime(x * 1000) : `x = ${formatNumber(x)}`) : "";
  }

  // Zoom and pan

  private freeze(): void {
    this.isFrozen = true;
    this.follow.hidden = false;
  }

  private unfreeze(): void {
    this.isFrozen = false;
    this.follow.hidden = true;
    if (this.plot) this.plot.setData(this.plot.data, true);
  }

  /** Shift and wheel move the view, Ctrl (or a pinch) and wheel zoom; a wheel alone scrolls the page. */
  private onWheel(event: WheelEvent): void {
    const { plot } = this;
    if (!plot || !(event.shiftKey || event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    const direction = Math.sign(event.deltaY || event.deltaX);
    if (event.shiftKey) this.moveView(direction * WHEEL_STEP);
    else this.zoomView(1 + direction * WHEEL_STEP, plot.posToVal(event.clientX - plot.over.getBoundingClientRect().left, "x"));
  }

  /** Shift and drag move the view; uPlot, which would select, doesn't see it. */
  private onDragStart(event: MouseEvent): void {
    const { min, max } = this.plot?.scales.x ?? {};
    if (!event.shiftKey || event.button !== 0 || min == null || max == null) return;
    event.preventDefault();
    event.stopPropagation();
    this.freeze();
    const perPx = (max - min) / Math.max(1, this.plot!.over.clientWidth);
    const move = (now: MouseEvent): void => {
      const by = (event.clientX - now.clientX) * perPx;
      this.plot?.setScale("x", { min: min + by, max: max + by });
    };
    const stop = (): void => document.removeEventListener("mousemove", move);
    document.addEventListener("mousemove", move);
    document.addEventListener("mouseup", stop, { once: true });
  }

  private onKey(event: KeyboardEvent): void {
    const keys: Record<string, () => void> = {
      ArrowLeft: () => this.moveView(-WHEEL_STEP),
      ArrowRight: () => this.moveView(WHEEL_STEP),
      "+": () => this.zoomView(1 - WHEEL_STEP, null),
      "-": () => this.zoomView(1 + WHEEL_STEP, null),
      Escape: () => this.unfreeze(),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation(); // the notebook would take it as its own shortcut
    act();
  }

  private moveView(share: number): void {
    const { min, max } = this.plot?.scales.x ?? {};
    if (min == null || max == null) return;
    this.freeze();
    const by = (max - min) * share;
    this.plot!.setScale("x", { min: min + by, max: max + by });
  }

  private zoomView(factor: number, around: number | null): void {
    const { min, max } = this.plot?.scales.x ?? {};
    if (min == null || max == null) return;
    this.freeze();
    const middle = around ?? (min + max) / 2;
    this.plot!.setScale("x", { min: middle - (middle - min) * factor, max: middle + (max - middle) * factor });
  }
}

/** The first row of the newest run, and that of the run before it if there is one: a run begins where x goes back. Rows without x are passed over. */
export function runStarts(xs: Float64Array, start: number, end: number): number[] {
  const starts: number[] = [];
  let next = NaN;
  let nextRow = end;
  for (let row = end - 1; row >= start && starts.length < 2; row--) {
    const x = xs[row]!;
    if (Number.isNaN(x)) continue;
    if (next < x) starts.push(nextRow);
    next = x;
    nextRow = row;
  }
  if (starts.length < 2) starts.push(start);
  return starts;
}

/** The rows that have an x; null if all have: uPlot needs an x that is a number in each row. */
export function rowsWithX(xs: Float64Array): number[] | null {
  if (!xs.some(Number.isNaN)) return null;
  const rows: number[] = [];
  xs.forEach((x, row) => {
    if (!Number.isNaN(x)) rows.push(row);
  });
  return rows;
}

/** uPlot knows null as a hole, and NaN as a number that spoils its ranges. */
export function withoutNaN(values: Float64Array): Float64Array | (number | null)[] {
  for (const value of values) {
    if (!Number.isFinite(value)) return Array.from(values, (one) => (Number.isFinite(one) ? one : null));
  }
  return values;
}

/** Around a single x: uPlot would show years around one moment. */
export function xRange(min: number, max: number): [number, number] {
  return min === max && min !== null ? [min - 0.5, max + 0.5] : [min, max];
}

function yAxisWidth(_: uPlot, ticks: string[] | null): number {
  const longest = Math.max(4, ...(ticks ?? []).map((tick) => tick.length));
  return 14 + longest * 6.4;
}
