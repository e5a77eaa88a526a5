// Panels chosen from what comes: number tiles, a line chart for each group of fields of like size, a table for texts and for a keyed room. A field that appears later gets
// its place then. The first records say little of a field's size, so groups are made anew when there are more; what still fits stays.
import type { MakeView } from "./contract.ts";
import type { PanelFeed, ReadableFeed } from "./feed.ts";
import { namesOf } from "./format.ts";
import { PanelFrame, type FrameParts } from "./frame.ts";
import { join, regroup, sizedFields, type Group } from "./grouping.ts";
import { lineView } from "./line.ts";
import { numberView } from "./number.ts";
import type { PanelKind, PanelSpec } from "./spec.ts";
import { tableView } from "./table.ts";
import type { RollingWindow } from "./window.ts";
import { chooseX } from "./x_axis.ts";

const MOST_LINES = 12;
const REGROUP_AT = [1, 16, 256, 2048]; // records held
const LINE_HEIGHT = 200;
const KEYED_HEIGHT = 440; // the whole of what the room is

export type AutoParts = Omit<FrameParts, "make" | "title" | "feed"> & { readonly feed: PanelFeed };

export class AutoPanel {
  readonly element = document.createElement("div");
  private readonly rooms = new Map<string, AutoRoom>();
  private waiting: PanelFrame | null;
  private readonly stopListening: () => void;

  constructor(private readonly parts: AutoParts) {
    const { feed, spec } = parts;
    this.element.className = "ld-stack";
    this.waiting = new PanelFrame({ ...parts, make: tableView, title: spec.title ?? namesOf(spec.rooms) });
    this.element.append(this.waiting.element);
    this.stopListening = feed.onChange(() => this.update());
    this.update();
  }

  get frames(): PanelFrame[] {
    return [...(this.waiting ? [this.waiting] : []), ...[...this.rooms.values()].flatMap((room) => room.frames)];
  }

  dispose(): void {
    this.stopListening();
    this.frames.forEach((frame) => frame.dispose());
    this.element.remove();
  }

  private update(): void {
    const { windows, keyed } = this.parts.feed;
    for (const [name, window] of windows) {
      if (window.length > 0) this.room(name, keyed.has(name)).update(window);
    }
  }

  private room(name: string, isKeyed: boolean): AutoRoom {
    const room = this.rooms.get(name);
    if (room?.isKeyed === isKeyed) return room;
    room?.dispose(); // it was emptied, and has another key now
    return this.begin(name, isKeyed);
  }

  private begin(name: string, isKeyed: boolean): AutoRoom {
    this.waiting?.dispose();
    this.waiting = null;
    const room = new AutoRoom(this.parts, this.parts.feed.ofRoom(name), this.titleOf(name), isKeyed);
    this.rooms.set(name, room);
    this.element.append(room.element);
    return room;
  }

  private titleOf(room: string): string {
    const { title, rooms } = this.parts.spec;
    const isOne = rooms.length === 1 && rooms[0] === room;
    return title === null ? room : isOne ? title : `${title} · ${room}`;
  }
}

/** All panels of one room of an auto spec. */
class AutoRoom {
  readonly element = document.createElement("div");
  private readonly grid = document.createElement("div");
  private readonly groups: Group[] = [];
  private readonly lines = new Map<Group, PanelFrame>();
  private tiles: PanelFrame | null = null;
  private table: PanelFrame | null = null;
  private hasTexts = false;
  private fieldsVersion = -1;
  private regrouped = 0;

  constructor(
    private readonly parts: AutoParts,
    private readonly feed: ReadableFeed,
    private readonly title: string,
    readonly isKeyed: boolean,
  ) {
    this.element.className = "ld-stack";
    this.grid.className = "ld-charts";
    this.element.append(this.grid);
  }

  get frames(): PanelFrame[] {
    return [this.tiles, ...this.lines.values(), this.table].filter((frame) => frame !== null);
  }

  dispose(): void {
    this.frames.forEach((frame) => frame.dispose());
    this.element.remove();
  }

  /** With each batch: most change nothing here. */
  update(window: RollingWindow): void {
    if (this.isKeyed) return this.showTable(this.title, this.parts.spec.height ?? KEYED_HEIGHT);
    const isLarger = window.length >= (REGROUP_AT[this.regrouped] ?? Infinity);
    if (window.fieldsVersion === this.fieldsVersion && !isLarger) return;
    this.fieldsVersion = window.fieldsVersion;
    while (window.length >= (REGROUP_AT[this.regrouped] ?? Infinity)) this.regrouped++;
    const x = chooseX([window], this.parts.spec.x);
    (isLarger ? regroup : join)(this.groups, sizedFields(window, x, this.parts.spec.fields));
    this.showLines(window);
    this.showOthers(window);
  }

  private showLines(window: RollingWindow): void {
    const shown = this.groups.filter(({ fields }) => fields.some((field) => window.fields.has(field))).slice(0, MOST_LINES);
    for (const [group, frame] of this.lines) {
      if (shown.includes(group)) continue;
      frame.dispose();
      this.lines.delete(group);
    }
    shown.forEach((group, at) => {
      const frame = this.lines.get(group) ?? this.frame("line", lineView, "", group.fields, this.parts.spec.height ?? LINE_HEIGHT);
      this.lines.set(group, frame);
      if (this.grid.children[at] !== frame.element) this.grid.insertBefore(frame.element, this.grid.children[at] ?? null);
    });
  }

  private showOthers(window: RollingWindow): void {
    if (!this.tiles && this.groups.length > 0) {
      this.tiles = this.frame("number", numberView, this.title, this.parts.spec.fields, null);
      this.element.prepend(this.tiles.element);
    }
    this.hasTexts ||= hasTexts(window);
    // A room of nothing but an x, which is the x of nothing, would else be an empty place.
    if (this.hasTexts || this.groups.length === 0) return this.showTable(this.title, null);
    this.table?.dispose();
    this.table = null;
  }

  private showTable(title: string, height: number | null): void {
    if (this.table) return;
    this.table = this.frame("table", tableView, title, this.parts.spec.fields, height);
    this.element.append(this.table.element);
  }

  private frame(kind: PanelKind, make: MakeView, title: string, fields: readonly string[] | null, height: number | null): PanelFrame {
    // The group's own list: a field that joins it later is drawn too.
    const spec: PanelSpec = { ...this.parts.spec, kind, fields, height };
    return new PanelFrame({ ...this.parts, feed: this.feed, spec, make, title });
  }
}

function hasTexts(window: RollingWindow): boolean {
  return [...window.fields.values()].some((field) => field.isText);
}
