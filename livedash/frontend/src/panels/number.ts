// Number tiles: the latest value of each field, its change since the record before, and a sparkline.
import type { View, ViewContext } from "./contract.ts";
import { formatChange, formatNumber } from "./format.ts";
import { formatMoment } from "./moments.ts";
import { Pace } from "./pace.ts";
import { drawSparkline } from "./sparkline.ts";
import type { Theme } from "./theme.ts";
import { Thinner } from "./thinning.ts";
import { drawnFields, labelOf } from "./tracks.ts";
import type { RollingWindow } from "./window.ts";
import { chooseX } from "./x_axis.ts";

const MOST_TILES = 12; // where no fields are named
const SPARK_EVERY_MS = 100; // nobody sees more, and it is what costs here

interface Tile {
  readonly element: HTMLElement;
  readonly room: string;
  readonly field: string;
  readonly value: Text;
  readonly change: Text;
  readonly spark: HTMLCanvasElement;
  readonly thinner: Thinner;
}

export function numberView(context: ViewContext): View {
  return new NumberView(context);
}

class NumberView implements View {
  readonly element = document.createElement("div");
  private tiles: readonly Tile[] = [];
  private shape = "";
  private readonly sparks = new Pace(SPARK_EVERY_MS, () => this.context.repaint());
  private sparkPx = 0;
  private theme: Theme;

  constructor(private readonly context: ViewContext) {
    this.theme = context.theme;
    this.element.className = "ld-tiles";
  }

  paint(nowMs: number): void {
    this.build();
    for (const tile of this.tiles) this.write(tile, this.context.feed.windows.get(tile.room)!);
    if (!this.sparks.isDue(nowMs)) return;
    this.sparkPx ||= this.tiles[0]?.spark.clientWidth ?? 0;
    for (const { room, field, spark, thinner } of this.tiles) {
      drawSparkline(spark, this.sparkPx, this.context.feed.windows.get(room)!, field, this.theme, thinner);
    }
  }

  resize(): void {
    this.sparkPx = 0;
    this.sparks.hurry();
  }

  themed(theme: Theme): void {
    this.theme = theme;
    this.sparks.hurry();
  }

  dispose(): void {
    this.sparks.stop();
    this.tiles = [];
  }

  private build(): void {
    const { feed, spec } = this.context;
    const x = chooseX(feed.windows.values(), spec.x);
    const wanted: [string, string][] = [];
    for (const [room, window] of feed.windows) {
      for (const field of spec.fields ?? drawnFields(window, x).slice(0, MOST_TILES)) {
        if (window.fields.get(field)?.isNumeric) wanted.push([room, field]);
      }
    }
    const shape = JSON.stringify(wanted);
    if (shape === this.shape) return;
    this.shape = shape;
    this.tiles = wanted.map(([room, field]) => newTile(room, field, labelOf(feed, room, field, spec.fields?.length === 1)));
    this.element.replaceChildren(...this.tiles.map(({ element }) => element));
    this.resize();
  }

  private write({ field, value, change }: Tile, window: RollingWindow): void {
    const { type, tz, unit } = window.fields.get(field) ?? {};
    const latest = window.latest(field);
    if (type === "time") return set(value, formatMoment(latest, tz ?? "UTC"));
    set(value, unit ? `${formatNumber(latest)} ${unit}` : formatNumber(latest));
    set(change, formatChange(latest - window.previous(field)));
  }
}

function newTile(room: string, field: string, label: string): Tile {
  const element = document.createElement("div");
  element.className = "ld-tile";
  const value = document.createTextNode("");
  const change = document.createTextNode("");
  const spark = document.createElement("canvas");
  spark.ariaHidden = "true";
  const line = document.createElement("div");
  line.className = "ld-figures";
  line.append(within("b", value), within("span", change));
  const what = within("div", document.createTextNode(label));
  what.className = "ld-what";
  element.append(what, line, spark);
  return { element, room, field, value, change, spark, thinner: new Thinner() };
}

function within(name: string, text: Text): HTMLElement {
  const element = document.createElement(name);
  element.append(text);
  return element;
}

function set(text: Text, next: string): void {
  if (text.data !== next) text.data = next;
}
