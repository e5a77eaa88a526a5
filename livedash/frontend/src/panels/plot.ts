// uPlot as livedash uses it: axes, grid, crosshair and selection. The series are drawn by who owns the plot, in `draw`: from flat arrays as they are,
// thinned out, old runs faded, which uPlot's own series can't.
import uPlot from "uplot";
import { formatTicks } from "./format.ts";
import { formatMoments, zoned } from "./moments.ts";
import type { Theme } from "./theme.ts";
import type { Range } from "./zoom.ts";

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const LETTER_PX = 6.3; // of that font's digits, about
const AXIS_STEP_PX = 8; // the axis' width changes by that, so that the chart does not twitch with each label
const X_AXIS_PX = 24;
const RIGHT_PX = 12; // beside the plot's area
const NUMBER_SPACE_PX = 64;
const TIME_SPACE_PX = 68;
const Y_SPACE_PX = 34;

export interface PlotParts {
  readonly isTime: boolean;
  readonly zone: string | null;
  readonly isLog: boolean;
  readonly theme: () => Theme;
  readonly draw: (area: Area) => void;
  /** x under the pointer, null when it has left. */
  readonly pointed: (x: number | null) => void;
  readonly selected: (min: number, max: number) => void;
}

/** Where to draw, in the canvas' own pixels. */
export interface Area {
  readonly context: CanvasRenderingContext2D;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly x: Range;
  readonly y: Range;
  readonly isLog: boolean;
  readonly pixelRatio: number;
}

export class Plot {
  private readonly plot: uPlot;
  private x: Range = { min: 0, max: 1 };
  private y: Range = { min: 0, max: 1 };
  private isFollowingPointer = true;

  constructor(
    parent: HTMLElement,
    width: number,
    height: number,
    private readonly parts: PlotParts,
  ) {
    this.plot = new uPlot(this.options(width, height), [[0, 1]] as unknown as uPlot.AlignedData, parent);
  }

  /** What the pointer is over. */
  get over(): HTMLElement {
    return this.plot.over;
  }

  /** Of the plot's area; asking the element would lay the page out anew. */
  get widthPx(): number {
    return this.plot.bbox.width / uPlot.pxRatio;
  }

  show(x: Range, y: Range): void {
    this.x = x;
    this.y = y;
    this.plot.batch(() => this.plot.setData([[x.min, x.max]] as unknown as uPlot.AlignedData));
  }

  resize(width: number, height: number): void {
    this.plot.setSize({ width, height });
  }

  xAt(clientX: number): number {
    return this.plot.posToVal(clientX - this.plot.over.getBoundingClientRect().left, "x");
  }

  /** In pixels from the left of the plot's area. */
  leftOf(x: number): number {
    return this.plot.valToPos(x, "x");
  }

  /** Shows the crosshair there without telling `pointed`; null hides it. */
  point(x: number | null): void {
    this.isFollowingPointer = false;
    const left = x === null ? -10 : this.leftOf(x);
    this.plot.setCursor({ left: left < 0 || left > this.widthPx ? -10 : left, top: -10 });
    this.isFollowingPointer = true;
  }

  dispose(): void {
    this.plot.destroy();
  }

  private options(width: number, height: number): uPlot.Options {
    const { isTime, isLog, zone } = this.parts;
    return {
      width,
      height,
      ms: 1,
      tzDate: (ms) => zoned(ms, zone),
      legend: { show: false },
      padding: [8, RIGHT_PX, 0, 0],
      scales: {
        x: { time: isTime, range: () => [this.x.min, this.x.max] },
        y: { distr: isLog ? 3 : 1, range: () => [this.y.min, this.y.max] },
      },
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
      axes: [this.xAxis(), this.yAxis()],
      series: [{}],
      hooks: { draw: [(plot) => this.draw(plot)], setCursor: [(plot) => this.pointed(plot)], setSelect: [(plot) => this.selected(plot)] },
    };
  }

  private axis(): uPlot.Axis {
    const { theme } = this.parts;
    const grid = (): string => theme().grid;
    return { stroke: () => theme().muted, font: FONT, gap: 5, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
  }

  private xAxis(): uPlot.Axis {
    const { isTime, zone } = this.parts;
    const values: uPlot.Axis.Values = (plot, ticks, _, __, step) =>
      this.whole(plot, ticks, isTime ? formatMoments(ticks, step, zone, new Date().getFullYear()) : formatTicks(ticks, step));
    return { ...this.axis(), size: X_AXIS_PX, space: isTime ? TIME_SPACE_PX : NUMBER_SPACE_PX, values };
  }

  /** Without a last label that the canvas would cut off. */
  private whole(plot: uPlot, ticks: readonly number[], labels: string[]): string[] {
    const [last, label] = [ticks.at(-1), labels.at(-1)];
    if (last === undefined || label === undefined) return labels;
    const rightPx = ((this.x.max - last) / (this.x.max - this.x.min)) * (plot.bbox.width / uPlot.pxRatio) + RIGHT_PX;
    return rightPx < (label.length * LETTER_PX) / 2 ? [...labels.slice(0, -1), ""] : labels;
  }

  private yAxis(): uPlot.Axis {
    const axis: uPlot.Axis = { ...this.axis(), scale: "y", size: (_, labels) => yAxisWidth(labels), space: Y_SPACE_PX };
    if (!this.parts.isLog) return { ...axis, values: (_, ticks, __, ___, step) => formatTicks(ticks, step) };
    const filter = (_: uPlot, ticks: number[]): (number | null)[] => powersOf(ticks);
    const values: uPlot.Axis.Values = (_, ticks) => ticks.map((tick) => (tick === null ? null : formatTicks([tick], tick)[0]!));
    return { ...axis, filter, values, grid: { ...axis.grid, filter } };
  }

  private draw(plot: uPlot): void {
    const { left, top, width, height } = plot.bbox;
    const context = plot.ctx;
    context.save();
    context.beginPath();
    context.rect(left, top - 1, width, height + 2);
    context.clip();
    this.parts.draw({ context, left, top, width, height, x: this.x, y: this.y, isLog: this.parts.isLog, pixelRatio: uPlot.pxRatio });
    context.restore();
  }

  private pointed(plot: uPlot): void {
    if (!this.isFollowingPointer) return;
    const { left } = plot.cursor;
    this.parts.pointed(left === undefined || left < 0 ? null : plot.posToVal(left, "x"));
  }

  private selected(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width <= 0) return;
    const [min, max] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.parts.selected(min, max);
  }
}

/** Of a logarithmic axis' ticks those to show: powers of ten, and 2 and 5 times them where few fit in. */
function powersOf(ticks: readonly number[]): (number | null)[] {
  const mantissas = ticks.map((tick) => Number(tick.toExponential(6).split("e")[0]));
  const shown = mantissas.filter((mantissa) => mantissa === 1).length > 3 ? [1] : [1, 2, 5];
  return ticks.map((tick, at) => (shown.includes(mantissas[at]!) ? tick : null));
}

function yAxisWidth(labels: readonly (string | null)[] | null): number {
  const longest = Math.max(2, ...(labels ?? []).map((label) => label?.length ?? 0));
  return Math.ceil((longest * LETTER_PX + 12) / AXIS_STEP_PX) * AXIS_STEP_PX;
}

/** A range for y a little larger than the data, ending at round numbers, so that the axis stays where it is while values move within it. */
export function roundRange(low: number, high: number, isLog: boolean): Range {
  if (!(low <= high)) return isLog ? { min: 1, max: 10 } : { min: 0, max: 1 };
  if (isLog) return { min: 10 ** Math.floor(Math.log10(low) + 1e-9), max: 10 ** Math.max(Math.ceil(Math.log10(high)), Math.floor(Math.log10(low)) + 1) };
  const [min, max] = uPlot.rangeNum(low, high, 0.06, true);
  return { min: min!, max: max! };
}
