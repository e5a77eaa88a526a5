// Lines on a canvas from thinned-out series, in the plot's own scales.
import type { Area } from "./plot.ts";
import type { Trace } from "./thinning.ts";

export interface Stroke {
  readonly colour: string;
  readonly alpha: number;
  /** Fills what is between the line and the bottom, faintly. */
  readonly isFilled: boolean;
}

const LINE_PX = 1.5;
/** Of a line that mostly goes up and down: crisper there, and without a GPU a hairline is drawn several times as fast. */
const STEEP_LINE_PX = 1;
const STEEP = 3; // height that the line covers, over width
const DOT_PX = 2.25;
const FILL_ALPHA = 0.1;
/** A series with fewer points than one each so many pixels shows each of them. */
const PX_PER_DOT = 14;

export function strokeTrace(area: Area, trace: Trace, { colour, alpha, isFilled }: Stroke): void {
  const { context, pixelRatio } = area;
  context.globalAlpha = alpha;
  context.strokeStyle = context.fillStyle = colour;
  const isSteep = sweeps(area, trace) * area.height > STEEP * area.width;
  context.lineWidth = (isSteep ? STEEP_LINE_PX : LINE_PX) * pixelRatio;
  context.lineJoin = "bevel"; // a round one costs as much as the line, and at this width nobody sees it
  context.beginPath();
  linePath(area, trace);
  context.stroke();
  if (trace.points * PX_PER_DOT * pixelRatio <= area.width) dots(area, trace);
  if (isFilled && !isSteep) fill(area, trace, alpha);
  context.globalAlpha = 1;
}

/** How often the line covers the plot's whole height. */
function sweeps({ y }: Area, { ys, length }: Trace): number {
  let travel = 0;
  for (let at = 1; at < length; at++) {
    const step = Math.abs(ys[at]! - ys[at - 1]!);
    if (step === step) travel += step;
  }
  return travel / (y.max - y.min || 1);
}

function linePath(area: Area, { xs, ys, length }: Trace): void {
  const { context } = area;
  const { kx, ox, ky, oy, isLog } = mapping(area);
  let isDown = false;
  for (let at = 0; at < length; at++) {
    const value = isLog ? Math.log10(ys[at]!) : ys[at]!;
    if (value - value !== 0) {
      isDown = false;
      continue;
    }
    const x = xs[at]! * kx + ox;
    const y = value * ky + oy;
    if (isDown) context.lineTo(x, y);
    else context.moveTo(x, y);
    isDown = true;
  }
}

function dots(area: Area, { xs, ys, length }: Trace): void {
  const { context, pixelRatio } = area;
  const { kx, ox, ky, oy, isLog } = mapping(area);
  const radius = DOT_PX * pixelRatio;
  context.beginPath();
  for (let at = 0; at < length; at++) {
    const value = isLog ? Math.log10(ys[at]!) : ys[at]!;
    if (value - value !== 0) continue;
    const x = xs[at]! * kx + ox;
    const y = value * ky + oy;
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  context.fill();
}

function fill(area: Area, trace: Trace, alpha: number): void {
  const { context } = area;
  const { kx, ox, ky, oy, isLog } = mapping(area);
  const bottom = area.top + area.height;
  context.globalAlpha = alpha * FILL_ALPHA;
  context.beginPath();
  let lastX = NaN;
  for (let at = 0; at < trace.length; at++) {
    const value = isLog ? Math.log10(trace.ys[at]!) : trace.ys[at]!;
    const x = trace.xs[at]! * kx + ox;
    if (value - value !== 0) {
      if (lastX === lastX) context.lineTo(lastX, bottom);
      lastX = NaN;
      continue;
    }
    if (lastX !== lastX) context.moveTo(x, bottom);
    context.lineTo(x, value * ky + oy);
    lastX = x;
  }
  if (lastX === lastX) context.lineTo(lastX, bottom);
  context.fill();
}

interface Mapping {
  readonly kx: number;
  readonly ox: number;
  readonly ky: number;
  readonly oy: number;
  readonly isLog: boolean;
}

/** Pixel = value × k + o. */
function mapping({ left, top, width, height, x, y, isLog }: Area): Mapping {
  const [low, high] = isLog ? [Math.log10(y.min), Math.log10(y.max)] : [y.min, y.max];
  const kx = width / (x.max - x.min || 1);
  const ky = -height / (high - low || 1);
  return { kx, ox: left - x.min * kx, ky, oy: top + height - low * ky, isLog };
}
