// The line chart: what it shows of a room's window, and what the viewer's pointer and keys do to it.
import type { View, ViewContext } from "./contract.ts";
import { joinCrosshair, pointOthers, type Pointed } from "./crosshair.ts";
import { formatNumber } from "./format.ts";
import { Legend } from "./legend.ts";
import { Pace } from "./pace.ts";
import { formatMoment } from "./moments.ts";
import { Plot, roundRange, type Area } from "./plot.ts";
import { strokeTrace } from "./strokes.ts";
import { colourOf, type Theme } from "./theme.ts";
import { Tracks, type Drawn } from "./tracks.ts";
import type { X } from "./x_axis.ts";
import { Zoom, type Range } from "./zoom.ts";

const DEFAULT_HEIGHT = 220;
const STEP = 0.2; // of what is shown, for a key or a turn of the wheel
const OLD_RUN_ALPHA = 0.28;
const VALUES_EVERY_MS = 100; // faster than anybody reads
const MOST_LEGEND_LABELS = 24;

export function lineView(context: ViewContext): View {
  return new LineView(context);
}

class LineView implements View, Pointed {
  readonly element = document.createElement("div");
  readonly legend = new Legend(() => this.context.repaint());
  key = "";
  private readonly box = document.createElement("div");
  private readonly follow = document.createElement("button");
  private readonly tag = document.createElement("div");
  private readonly zoom = new Zoom();
  private readonly tracks: Tracks;
  private readonly leaveCrosshair = joinCrosshair(this);
  private plot: Plot | null = null;
  private theme: Theme;
  private width = 0;
  private held: Range = { min: 0, max: 1 };
  private drawn: readonly Drawn[] = [];
  private pointedX: number | null = null;
  private readonly values = new Pace(VALUES_EVERY_MS, () => this.context.repaint());

  constructor(private readonly context: ViewContext) {
    this.theme = context.theme;
    this.tracks = new Tracks(context.feed, context.spec);
    this.follow.type = "button";
    this.follow.className = "ld-follow";
    this.follow.textContent = "Follow";
    this.follow.title = "Show the newest records again (a double click does the same)";
    this.follow.hidden = true;
    this.follow.onclick = () => this.followAgain();
    this.tag.className = "ld-tag";
    this.tag.hidden = true;
    this.box.className = "ld-plot";
    this.box.style.height = `${this.height}px`;
    this.box.tabIndex = 0;
    this.box.setAttribute("role", "img");
    this.box.append(this.follow, this.tag);
    this.element.append(this.box);
    this.listen();
  }

  get header(): HTMLElement {
    return this.legend.element;
  }

  paint(nowMs: number): void {
    if (this.tracks.update()) this.changed();
    this.drawNow();
    if (this.values.isDue(nowMs)) this.showValues();
  }

  resize(widthPx: number): void {
    this.width = widthPx;
    this.plot?.resize(widthPx, this.height);
  }

  themed(theme: Theme): void {
    this.theme = theme;
    this.showLegend();
  }

  dispose(): void {
    this.leaveCrosshair();
    this.values.stop();
    this.plot?.dispose();
  }

  point(x: number | null): void {
    this.plot?.point(x);
    this.showPointed(x);
  }

  private get height(): number {
    return this.context.spec.height ?? DEFAULT_HEIGHT;
  }

  // Drawing

  /** Other series, or another x. */
  private changed(): void {
    const x = this.tracks.x!;
    const key = JSON.stringify(x);
    if (this.plot === null || key !== this.key) {
      this.key = key;
      this.zoom.follow(); // a range of another x says nothing
      this.follow.hidden = true;
      this.plot?.dispose();
      this.plot = this.newPlot(x);
    }
    this.showLegend();
  }

  private newPlot({ isTime, zone }: X): Plot {
    const plot = new Plot(this.box, this.width || this.box.clientWidth, this.height, {
      isTime,
      zone,
      isLog: this.context.spec.options.scale === "log",
      theme: () => this.theme,
      draw: (area) => this.draw(area),
      pointed: (at) => {
        this.showPointed(at);
        pointOthers(this, at);
      },
      selected: (min, max) => this.change(() => this.zoom.to(min, max)),
    });
    plot.over.append(this.tag);
    return plot;
  }

  private drawNow(): void {
    const held = this.tracks.held();
    if (!this.plot || !held) return;
    this.held = padded(held, this.tracks.x!.isTime);
    const shown = this.zoom.shown(this.held);
    this.drawn = this.tracks.draw(shown, this.plot.widthPx * devicePixelRatio, (label) => this.legend.isHidden(label));
    this.plot.show(shown, this.yRange());
  }

  private yRange(): Range {
    const { scale, range } = this.context.spec.options;
    if (range) return { min: range[0], max: range[1] };
    const isLog = scale === "log";
    let low = Infinity;
    let high = -Infinity;
    for (const { trace } of this.drawn) {
      low = Math.min(low, isLog ? trace.leastPositive() : trace.low);
      high = Math.max(high, trace.high);
    }
    return roundRange(low, high, isLog);
  }

  private draw(area: Area): void {
    const isFilled = this.tracks.series.length === 1;
    for (const { series, age, trace } of this.drawn) {
      const alpha = age === 0 ? 1 : OLD_RUN_ALPHA / Math.sqrt(age);
      strokeTrace(area, trace, { colour: colourOf(this.theme, series), alpha, isFilled: isFilled && age === 0 });
    }
  }

  // Legend and crosshair

  private showLegend(): void {
    const { series } = this.tracks;
    this.legend.show(series.slice(0, MOST_LEGEND_LABELS).map(({ label }, at) => ({ label, colour: colourOf(this.theme, at) })));
    const names = series.map(({ label }) => label).join(", ");
    this.box.setAttribute("aria-label", `Line chart of ${names}. Plus and minus zoom, arrows move, Escape follows.`);
    this.showValues();
  }

  private showPointed(x: number | null): void {
    this.pointedX = x;
    this.tag.hidden = x === null;
    if (x !== null && this.plot) {
      this.tag.textContent = this.xText(x);
      const left = this.plot.leftOf(x);
      this.tag.style.left = `${left}px`;
      this.tag.hidden = left < 0 || left > this.plot.widthPx;
    }
    this.showValues();
  }

  private showValues(): void {
    this.legend.setValues(this.tracks.x ? this.tracks.values(this.pointedX).map((value) => formatNumber(value)) : []);
  }

  private xText(x: number): string {
    const { field, isTime, zone } = this.tracks.x!;
    return isTime ? formatMoment(Math.round(x), zone) : `${field ?? ""} ${formatNumber(x, 5)}`;
  }

  // What the viewer does

  private listen(): void {
    this.box.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    this.box.addEventListener("dblclick", () => this.followAgain());
    this.box.addEventListener("mousedown", (event) => this.onDragStart(event), { capture: true });
    this.box.addEventListener("keydown", (event) => this.onKey(event));
  }

  private change(zoom: () => void): void {
    zoom();
    this.follow.hidden = this.zoom.isFollowing;
    this.context.repaint();
  }

  private followAgain(): void {
    this.change(() => this.zoom.follow());
  }

  /** Shift, or a wheel that turns sideways, moves; Ctrl, or a pinch, zooms. A wheel alone scrolls the page, as everywhere. */
  private onWheel(event: WheelEvent): void {
    const isZoom = event.ctrlKey || event.metaKey;
    const sideways = event.deltaX !== 0 && Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!this.plot || !(isZoom || event.shiftKey || (sideways && !this.zoom.isFollowing))) return;
    event.preventDefault();
    const direction = Math.sign(isZoom ? event.deltaY : event.deltaX || event.deltaY);
    const around = this.plot.xAt(event.clientX);
    this.change(() => (isZoom ? this.zoom.by(1 + direction * STEP, around, this.held) : this.zoom.move(direction * STEP * 0.5, this.held)));
  }

  /** Shift and drag move the view; uPlot, which would select, does not see it. */
  private onDragStart(event: MouseEvent): void {
    if (!this.plot || !event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    const width = this.plot.widthPx;
    let before = event.clientX;
    const move = (now: MouseEvent): void => {
      const share = (before - now.clientX) / width;
      before = now.clientX;
      this.change(() => this.zoom.move(share, this.held));
    };
    const stop = (): void => document.removeEventListener("mousemove", move);
    document.addEventListener("mousemove", move);
    document.addEventListener("mouseup", stop, { once: true });
  }

  private onKey(event: KeyboardEvent): void {
    const { zoom, held } = this;
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => zoom.move(-STEP, held),
      ArrowRight: () => zoom.move(STEP, held),
      "+": () => zoom.by(1 - STEP, null, held),
      "=": () => zoom.by(1 - STEP, null, held),
      "-": () => zoom.by(1 + STEP, null, held),
      Escape: () => zoom.follow(),
      Home: () => zoom.follow(),
    };
    const action = actions[event.key];
    if (!action || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation(); // a notebook would take it as its own shortcut
    this.change(action);
  }
}

/** A single record has no width of its own. */
function padded({ min, max }: Range, isTime: boolean): Range {
  if (max > min) return { min, max };
  const by = isTime ? 1000 : 1;
  return { min: min - by, max: max + by };
}
