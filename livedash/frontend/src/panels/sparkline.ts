// A sparkline: a field's last records in a few pixels, without axes.
import { groupSize, Thinner, Trace } from "./thinning.ts";
import type { Theme } from "./theme.ts";
import type { RollingWindow } from "./window.ts";

const HEIGHT_PX = 26;
const LINE_PX = 1.25;
const EDGE_PX = 2;
const FILL_ALPHA = 0.12;

const trace = new Trace();
let places = new Float64Array(0);

/** `thinner` is the tile's own. */
export function drawSparkline(canvas: HTMLCanvasElement, widthPx: number, window: RollingWindow, field: string, theme: Theme, thinner: Thinner): void {
  const ratio = devicePixelRatio || 1;
  const width = Math.round(widthPx * ratio);
  const height = Math.round(HEIGHT_PX * ratio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  const ys = window.numbers(field);
  if (!context || !ys || width === 0) return;
  context.clearRect(0, 0, width, height);
  const source = { xs: rowPlaces(window.end), ys, base: window.base };
  thinner.fill(trace, source, window.start, window.end, groupSize(window.length, widthPx));
  if (trace.points < 2) return;
  const edge = EDGE_PX * ratio;
  const kx = (width - 2 * edge) / Math.max(1, window.length - 1);
  const ky = (height - 2 * edge) / (trace.high - trace.low || 1);
  const flat = trace.high === trace.low ? (height - 2 * edge) / 2 : 0;
  let isDown = false;
  let firstX = 0;
  let lastX = 0;
  context.beginPath();
  for (let at = 0; at < trace.length; at++) {
    const y = height - edge - flat - (trace.ys[at]! - trace.low) * ky;
    if (y !== y) continue;
    lastX = edge + (trace.xs[at]! - window.start) * kx;
    if (isDown) context.lineTo(lastX, y);
    else context.moveTo((firstX = lastX), y);
    isDown = true;
  }
  context.strokeStyle = context.fillStyle = theme.series[0]!;
  context.lineWidth = LINE_PX * ratio;
  context.lineJoin = "round";
  context.stroke();
  context.lineTo(lastX, height);
  context.lineTo(firstX, height);
  context.globalAlpha = FILL_ALPHA;
  context.fill();
  context.globalAlpha = 1;
}

/** 0, 1, 2, …: rows are evenly spaced here. */
function rowPlaces(count: number): Float64Array {
  if (places.length < count) places = Float64Array.from({ length: count * 2 }, (_, row) => row);
  return places;
}
