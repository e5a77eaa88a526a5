// A room whose charts are chosen from its records: number tiles, a line chart for each group of fields of like size, a table for texts.
// A field that appears later gets its place then; nothing that is shown moves.
import type { Client } from "../client/contract.ts";
import type { PanelFeed, ReadableFeed } from "./feed.ts";
import { PanelFrame } from "./frame.ts";
import { assign, chooseX, magnitude, seriesFields, type Group } from "./grouping.ts";
import { lineView } from "./line.ts";
import { numberView } from "./number.ts";
import type { PanelSpec } from "./spec.ts";
import { tableView } from "./table.ts";
import type { RollingWindow } from "./window.ts";

const MAX_LINES = 12;

/** All panels of one room of an auto spec. */
class AutoRoom {
  readonly element = document.createElement("div");
  private readonly groups: Group[] = [];
  private readonly lines: PanelFrame[] = [];
  private tiles: PanelFrame | null = null;
  private table: PanelFrame | null = null;
  private fieldsVersion = -1;

  constructor(
    private readonly client: Client,
    private readonly feed: ReadableFeed,
    private readonly spec: PanelSpec,
    private readonly base: string | null,
    private readonly title: string,
  ) {
    this.element.className = "ld-stack";
  }

  get frames(): PanelFrame[] {
    return [this.tiles, ...this.lines, this.table].filter((frame) => frame !== null);
  }

  update(window: RollingWindow): void {
    if (window.fieldsVersion === this.fieldsVersion && !this.hasUnsized(window)) return;
    this.fieldsVersion = window.fieldsVersion;
    this.addLines(window);
    if (!this.tiles && this.groups.length > 0) {
      this.tiles = this.frame({ kind: "number", fields: this.spec.fields, title: this.title }, numberView);
      this.element.prepend(this.tiles.element);
    }
    if (!this.table && hasTexts(window)) {
      this.table = this.frame({ kind: "table", title: `${this.title} records` }, tableView);
      this.element.append(this.table.element);
    }
  }

  private addLines(window: RollingWindow): void {
    const before = this.groups.length;
    assign(this.groups, this.sized(window));
    for (const group of this.groups.slice(before, MAX_LINES)) {
      // The group's own list: fields that join it later are drawn too.
      const frame = this.frame({ kind: "line", fields: group.fields, title: null }, lineView, () => group.fields.join(", "));
      this.lines.push(frame);
      if (this.table) this.table.element.before(frame.element);
      else this.element.append(frame.element);
    }
  }

  private sized(window: RollingWindow): { name: string; size: number }[] {
    const fields = this.spec.fields ?? seriesFields(window, chooseX(window, this.spec.x));
    const sized: { name: string; size: number }[] = [];
    for (const name of fields) {
      const size = magnitude(window, name);
      if (size !== null) sized.push({ name, size });
    }
    return sized;
  }

  private hasUnsized(window: RollingWindow): boolean {
    const known = this.groups.reduce((sum, group) => sum + group.fields.length, 0);
    return known < seriesFields(window, chooseX(window, this.spec.x)).length;
  }

  private frame(change: Partial<PanelSpec>, make: ConstructorParameters<typeof PanelFrame>[3], title?: () => string): PanelFrame {
    const spec: PanelSpec = { ...this.spec, ...change };
    return new PanelFrame(this.client, this.feed, spec, make, this.base, title?.() ?? spec.title ?? this.title);
  }
}

export class AutoPanel {
  readonly element = document.createElement("div");
  private readonly rooms = new Map<string, AutoRoom>();
  private waiting: PanelFrame | null;

  constructor(
    private readonly client: Client,
    private readonly feed: PanelFeed,
    private readonly spec: PanelSpec,
    private readonly base: string | null,
    private readonly onNewFrame: () => void,
  ) {
    this.element.className = "ld-stack";
    this.waiting = new PanelFrame(client, feed, spec, tableView, base, spec.title ?? spec.rooms.join(", "));
    this.element.append(this.waiting.element);
    feed.onChange(() => this.update());
  }

  get frames(): PanelFrame[] {
    return [...(this.waiting ? [this.waiting] : []), ...[...this.rooms.values()].flatMap((room) => room.frames)];
  }

  private titleOf(room: string): string {
    const { title } = this.spec;
    const isOne = this.spec.rooms.length === 1 && this.spec.rooms[0] === room;
    return title === null ? room : isOne ? title : `${title} · ${room}`;
  }

  private update(): void {
    let count = this.frames.length;
    for (const [name, window] of this.feed.windows) {
      if (window.length === 0) continue;
      let room = this.rooms.get(name);
      if (!room) {
        this.waiting?.dispose();
        this.waiting = null;
        room = new AutoRoom(this.client, this.feed.ofRoom(name), this.spec, this.base, this.titleOf(name));
        this.rooms.set(name, room);
        this.element.append(room.element);
        count = -1;
      }
      room.update(window);
    }
    if (this.frames.length !== count) this.onNewFrame();
  }
}

/** Texts and nested values; a number that is also seen as a text (an integer beyond 2^53) is no reason for a table. */
function hasTexts(window: RollingWindow): boolean {
  for (const name of window.texts.keys()) if (!window.numbers.has(name)) return true;
  return false;
}
