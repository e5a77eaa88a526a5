// The table: a room's newest records first, in columns that a click sorts; a click on a row shows the whole record.
import type { View, ViewContext } from "./contract.ts";
import { Detail } from "./detail.ts";
import { Pace } from "./pace.ts";
import { pushedAt, textAt, wholeRecord } from "./record.ts";
import { Rows } from "./rows.ts";
import { nextSort, sortedRows, TIME, type Sort } from "./sorting.ts";
import type { RollingWindow } from "./window.ts";

const DEFAULT_HEIGHT = 280;
const ROW_PX = 24;
const EVERY_MS = 50; // faster than anybody reads
const SORT_EVERY_MS = 250; // sorting a window takes some ms
const LETTER_PX = 7.2;
const CELL_PADDING_PX = 22;
const NARROWEST_PX = 56;
const WIDEST_PX = 340;
const SAMPLE_ROWS = 40;

export function tableView(context: ViewContext): View {
  return new TableView(context);
}

class TableView implements View {
  readonly element = document.createElement("div");
  readonly everyMs = EVERY_MS;
  private readonly rows: Rows;
  private readonly head = document.createElement("div");
  private readonly detail = new Detail();
  private window: RollingWindow | null = null;
  private columns: readonly string[] = [];
  private widths: number[] = [];
  private shape = "";
  private sort: Sort | null = null;
  private order: readonly number[] = [];
  private readonly ordering = new Pace(SORT_EVERY_MS, () => this.context.repaint());

  constructor(private readonly context: ViewContext) {
    this.element.className = "ld-table";
    this.element.setAttribute("role", "table");
    this.head.className = "ld-table-head";
    this.head.setAttribute("role", "row");
    this.rows = new Rows({
      heightPx: context.spec.height ?? DEFAULT_HEIGHT,
      rowPx: ROW_PX,
      newest: "first",
      newRow: () => this.newRow(),
      fill: (element, row) => this.fill(element, row),
      onScroll: () => this.paint(performance.now()),
    });
    this.rows.element.prepend(this.head);
    this.element.append(this.rows.element, this.rows.followButton, this.detail.element);
  }

  paint(nowMs: number): void {
    // A table of several rooms shows the first that has records: rows of different rooms have no order.
    const window = [...this.context.feed.windows.values()].find(({ length }) => length > 0);
    if (!window) return;
    this.window = window;
    this.build(window);
    this.widen(window);
    if (this.sort && this.ordering.isDue(nowMs)) this.order = sortedRows(window, this.sort);
    this.rows.paint(window, this.sort && this.order.filter((row) => row >= window.firstRow));
  }

  resize(): void {
    // The browser lays tables out itself.
  }

  themed(): void {
    // Colours are CSS variables.
  }

  dispose(): void {
    this.ordering.stop();
    this.rows.reset();
  }

  private build(window: RollingWindow): void {
    const fields = this.context.spec.fields ?? [...window.fields.keys()];
    const shape = JSON.stringify([fields, this.sort, fields.map((field) => isNumeric(window, field))]);
    if (shape === this.shape) return;
    this.shape = shape;
    this.columns = [TIME, ...fields];
    this.widths = this.columns.map((name) => pxOf(name.length + 2));
    this.head.replaceChildren(...this.columns.map((name) => this.headerCell(name, window)));
    this.rows.reset();
  }

  private headerCell(name: string, window: RollingWindow): HTMLElement {
    const cell = document.createElement("button");
    cell.type = "button";
    cell.setAttribute("role", "columnheader");
    const sort = this.sort?.field === name ? this.sort : null;
    cell.ariaSort = sort ? (sort.isDescending ? "descending" : "ascending") : "none";
    cell.textContent = `${name === TIME ? "pushed" : name}${sort ? (sort.isDescending ? " ↓" : " ↑") : ""}`;
    cell.title = name === TIME ? "When the record was pushed" : name;
    cell.classList.toggle("ld-right", isNumeric(window, name));
    cell.onclick = () => {
      this.sort = nextSort(this.sort, name);
      this.ordering.hurry();
      this.rows.element.scrollTop = 0;
      this.paint(performance.now());
    };
    return cell;
  }

  /** Columns get wider for what comes, and never narrower: they would jump with each record. */
  private widen(window: RollingWindow): void {
    const nowMs = Date.now();
    for (let row = Math.max(window.firstRow, window.nextRow - SAMPLE_ROWS); row < window.nextRow; row += 4) {
      this.columns.forEach((name, at) => {
        const text = name === TIME ? pushedAt(window, row, nowMs) : textAt(window, name, row);
        this.widths[at] = Math.max(this.widths[at]!, pxOf(text.length));
      });
    }
    const columns = this.widths.map((width) => `minmax(${width}px, ${width}fr)`).join(" ");
    if (this.element.style.getPropertyValue("--ld-columns") !== columns) this.element.style.setProperty("--ld-columns", columns);
  }

  private newRow(): HTMLElement {
    const element = document.createElement("div");
    element.setAttribute("role", "row");
    for (const name of this.columns) {
      const cell = document.createElement("span");
      cell.setAttribute("role", "cell");
      if (this.window && isNumeric(this.window, name)) cell.className = "ld-right";
      cell.append(document.createTextNode(""));
      element.append(cell);
    }
    element.onclick = () => {
      const row = Number(element.dataset.row);
      if (this.window && row >= this.window.firstRow) this.detail.show(wholeRecord(this.window, row));
    };
    return element;
  }

  private fill(element: HTMLElement, row: number): void {
    const window = this.window!;
    if (element.dataset.row === String(row)) return; // records never change
    element.dataset.row = String(row);
    const nowMs = Date.now();
    this.columns.forEach((name, at) => {
      (element.children[at]!.firstChild as Text).data = name === TIME ? pushedAt(window, row, nowMs) : textAt(window, name, row);
    });
  }
}

function isNumeric(window: RollingWindow, name: string): boolean {
  const field = window.fields.get(name);
  return field !== undefined && field.isNumeric && field.type !== "time";
}

function pxOf(letters: number): number {
  return Math.round(Math.min(WIDEST_PX, Math.max(NARROWEST_PX, letters * LETTER_PX + CELL_PADDING_PX)));
}
