// The table: a room's newest records first, or one row a key of a keyed room. A click on a heading sorts, one on a row shows the whole record.
import { KeyedRows } from "../client/keyed_rows.ts";
import type { View, ViewContext } from "./contract.ts";
import { TableGrid, type TableContent } from "./table_grid.ts";
import { KeyedTable } from "./table_keyed.ts";
import { NewestTable } from "./table_newest.ts";
import type { RollingWindow } from "./window.ts";

const EVERY_MS = 50; // faster than anybody reads

export function tableView(context: ViewContext): View {
  return new TableView(context);
}

class TableView implements View {
  readonly element: HTMLElement;
  readonly header = document.createElement("span");
  readonly everyMs = EVERY_MS;
  private readonly grid: TableGrid;
  private shown: KeyedRows | RollingWindow | null = null;
  private content: TableContent | null = null;

  constructor(private readonly context: ViewContext) {
    this.grid = new TableGrid(context.spec.height, () => context.repaint());
    this.element = this.grid.element;
    this.header.className = "ld-count";
  }

  get drawsEmpty(): boolean {
    return this.shown instanceof KeyedRows;
  }

  paint(nowMs: number): void {
    const source = this.source();
    if (source === null) return;
    if (source !== this.shown) this.begin(source);
    this.content!.paint(nowMs);
    const { count } = this.content!;
    if (this.header.textContent !== count) this.header.textContent = count;
  }

  resize(): void {
    // The browser lays tables out itself.
  }

  themed(): void {
    // Colours are CSS variables.
  }

  dispose(): void {
    this.grid.dispose();
  }

  /** A table of several rooms shows the first that has records: rows of different rooms have no order. */
  private source(): KeyedRows | RollingWindow | null {
    const { windows, keyed } = this.context.feed;
    for (const [room, window] of windows) if (window.length > 0) return keyed.get(room) ?? window;
    return this.shown; // all of its keys may have been removed
  }

  private begin(source: KeyedRows | RollingWindow): void {
    const { fields } = this.context.spec;
    this.shown = source;
    const isKeyed = source instanceof KeyedRows;
    this.content = isKeyed ? new KeyedTable(this.grid, source, fields) : new NewestTable(this.grid, source, fields);
    this.grid.begin(this.content, isKeyed);
  }
}
