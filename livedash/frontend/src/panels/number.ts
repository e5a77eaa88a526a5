// Number tiles: the latest value of each field, its change against the one before, and a sparkline.
import type { View, ViewContext } from "./contract.ts";
import { formatChange, formatNumber, formatTime } from "./format.ts";
import { chooseX, seriesFields } from "./grouping.ts";
import type { Theme } from "./theme.ts";
import type { RollingWindow } from "./window.ts";

const SPARK_POINTS = 120;
const SPARK_EVERY_MS = 100;
const SPARK_HEIGHT = 22;

interface Tile {
  readonly room: string;
  readonly field: string;
  readonly value: HTMLElement;
  readonly change: HTMLElement;
  readonly spark: HTMLCanvasElement;
}

export function numberView(context: ViewContext): View {
  return new NumberView(context);
}

class NumberView implements View {
  readonly element = document.createElement("div");
  private tiles: Tile[] = [];
  private shape = "";
  private sparkMs = 0;
  private theme: Theme;

  constructor(private readonly context: ViewContext) {
    this.theme = context.theme;
    this.element.className = "ld-tiles";
  }

  paint(nowMs: number): void {
    this.build();
    for (const tile of this.tiles) {
      const window = this.context.feed.windows.get(tile.room)!;
      const value = window.latest(tile.field);
      const isTime = window.numbers.get(tile.field)?.type === "time";
      set(tile.value, isTime ? formatTime(value) : formatNumber(value));
      set(tile.change, isTime ? "" : formatChange(value - before(window, tile.field)));
    }
    if (nowMs - this.sparkMs < SPARK_EVERY_MS) return;
    this.sparkMs = nowMs;
    for (const tile of this.tiles) drawSpark(tile.spark, this.context.feed.windows.get(tile.room)!, tile.field, this.theme);
  }

  resize(): void {
    this.sparkMs = 0;
  }

  themed(theme: Theme): void {
    this.theme = theme;
    this.sparkMs = 0;
  }

  dispose(): void {
    this.tiles = [];
  }

  private build(): void {
    const { feed, spec } = this.context;
    const wanted: [string, string][] = [];
    for (const [room, window] of feed.windows) {
      for (const field of spec.fields ?? seriesFields(window, chooseX(window, spec.x))) {
        if (window.numbers.has(field)) wanted.push([room, field]);
      }
    }
    const shape = JSON.stringify(wanted);
    if (shape === this.shape) return;
    this.shape = shape;
    this.tiles = wanted.map(([room, field]) => newTile(room, field, feed.windows.size > 1 ? `${room} ${field}` : field));
    this.element.replaceChildren(...this.tiles.map(({ value }) => value.parentElement!));
    this.sparkMs = 0;
  }
}

function newTile(room: string, field: string, label: string): Tile {
  const tile = document.createElement("div");
  tile.className = "ld-tile";
  const part = (name: string): HTMLElement => {
    const element = document.createElement("div");
    element.className = name;
    tile.append(element);
    return element;
  };
  const what = part("ld-what");
  what.textContent = label;
  what.title = label;
  const value = part("ld-value");
  const change = part("ld-change");
  const spark = document.createElement("canvas");
  tile.append(spark);
  return { room, field, value, change, spark };
}

/** The number before the latest. */
function before(window: RollingWindow, field: string): number {
  const values = window.column(field)!;
  let isLatestSeen = false;
  for (let row = window.end - 1; row >= window.start; row--) {
    if (Number.isNaN(values[row]!)) continue;
    if (isLatestSeen) return values[row]!;
    isLatestSeen = true;
  }
  return NaN;
}

function drawSpark(canvas: HTMLCanvasElement, window: RollingWindow, field: string, theme: Theme): void {
  const ratio = devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(SPARK_HEIGHT * ratio);
  if (width === 0) return;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) return;
  const points = sparkPoints(window.column(field)!.subarray(window.start, window.end), SPARK_POINTS);
  context.clearRect(0, 0, width, height);
  if (points.length < 2) return;
  const low = Math.min(...points);
  const range = Math.max(...points) - low || 1;
  context.beginPath();
  points.forEach((value, index) => {
    const x = (index / (points.length - 1)) * (width - 2) + 1;
    const y = height - 2 - ((value - low) / range) * (height - 4);
    if (index === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  });
  context.strokeStyle = theme.series[0]!;
  context.lineWidth = 1.25 * ratio;
  context.stroke();
}

/** At most `count` numbers, evenly picked, without holes. */
export function sparkPoints(values: Float64Array, count: number): number[] {
  const step = Math.max(1, Math.floor(values.length / count));
  const points: number[] = [];
  for (let row = values.length - 1; row >= 0; row -= step) if (Number.isFinite(values[row]!)) points.push(values[row]!);
  return points.reverse();
}

function set(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
