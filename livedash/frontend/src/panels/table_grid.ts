// The grid of a table: a head whose columns sort, widths that grow with what comes, the rows in view, and the whole of one record below. What stands
// in the rows is table_newest.ts's and table_keyed.ts's business.
import { Detail } from "./detail.ts";
import { endFlashesIn } from "./flash.ts";
import { Pace } from "./pace.ts";
import { Rows } from "./rows.ts";
import { nextSort, type Sort } from "./sorting.ts";

export interface TableColumn {
  readonly name: string;
  readonly title: string;
  readonly hint: string;
  readonly isNumeric: boolean;
}

/** What a grid shows. Rows are told apart by their numbers. */
export interface TableContent {
  /** Shows all that is there now. */
  paint(nowMs: number): void;
  fill(element: HTMLElement, row: number): void;
  /** The record of a row; null where it is not there any more. */
  whole(row: number): string | null;
  /** How many rows, for people; "" where that says nothing. */
  readonly count: string;
}

const DEFAULT_HEIGHT = 280;
const ROW_PX = 24;
const SORT_EVERY_MS = 250; // sorting a window takes some ms
const LETTER_PX = 7.2;
const CELL_PADDING_PX = 22;
const ROW_PADDING_PX = 8;
const NARROWEST_PX = 56;
const WIDEST_PX = 340;

export class TableGrid {
  readonly element = document.createElement("div");
  readonly rows: Rows;
  columns: readonly TableColumn[] = [];
  sort: Sort | null = null;
  private content: TableContent | null = null;
  private readonly head = document.createElement("div");
  private readonly detail = new Detail();
  private widths: number[] = [];
  private shape = "";
  private readonly ordering: Pace;

  constructor(heightPx: number | null, repaint: () => void) {
    this.ordering = new Pace(SORT_EVERY_MS, repaint);
    this.element.className = "ld-table";
    this.element.setAttribute("role", "table");
    this.head.className = "ld-table-head";
    this.head.setAttribute("role", "row");
    this.rows = new Rows({
      heightPx: heightPx ?? DEFAULT_HEIGHT,
      rowPx: ROW_PX,
      newest: "first",
      newRow: () => this.newRow(),
      fill: (element, row) => this.content?.fill(element, row),
      onScroll: () => this.paint(),
    });
    this.rows.element.prepend(this.head);
    endFlashesIn(this.rows.element);
    this.element.append(this.rows.element, this.rows.followButton, this.detail.element);
  }

  begin(content: TableContent, isKeyed: boolean): void {
    this.content = content;
    this.element.classList.toggle("ld-keyed", isKeyed);
    this.sort = null;
    this.shape = "";
  }

  /** True if it is time for another order; it is asked for again when it is. */
  isSortDue(nowMs: number): boolean {
    return this.ordering.isDue(nowMs);
  }

  /** The columns as they are now: the head is built anew where they are other ones. */
  setColumns(columns: readonly TableColumn[]): void {
    const shape = JSON.stringify([columns, this.sort]);
    if (shape === this.shape) return;
    this.shape = shape;
    this.columns = columns;
    this.widths = columns.map(({ title }) => pxOf(title.length + 2));
    this.head.replaceChildren(...columns.map((column) => this.headerCell(column)));
    this.rows.reset();
  }

  /** Columns get wider for what comes, and never narrower: they would jump with each record. */
  widen(at: number, text: string): void {
    this.widths[at] = Math.max(this.widths[at]!, pxOf(text.length));
  }

  layOut(): void {
    const columns = this.widths.map((width) => `minmax(${width}px, ${width}fr)`).join(" ");
    if (this.element.style.getPropertyValue("--ld-columns") === columns) return;
    this.element.style.setProperty("--ld-columns", columns);
    this.element.style.setProperty("--ld-width", `${this.widths.reduce((sum, width) => sum + width, ROW_PADDING_PX)}px`);
  }

  dispose(): void {
    this.ordering.stop();
    this.rows.reset();
  }

  private paint(): void {
    this.content?.paint(performance.now());
  }

  private headerCell({ name, title, hint, isNumeric }: TableColumn): HTMLElement {
    const cell = document.createElement("button");
    cell.type = "button";
    cell.setAttribute("role", "columnheader");
    const sort = this.sort?.field === name ? this.sort : null;
    cell.ariaSort = sort ? (sort.isDescending ? "descending" : "ascending") : "none";
    cell.textContent = `${title}${sort ? (sort.isDescending ? " ↓" : " ↑") : ""}`;
    cell.title = hint;
    cell.classList.toggle("ld-right", isNumeric);
    cell.onclick = () => {
      this.sort = nextSort(this.sort, name);
      this.ordering.hurry();
      this.rows.element.scrollTop = 0;
      this.paint();
    };
    return cell;
  }

  private newRow(): HTMLElement {
    const element = document.createElement("div");
    element.setAttribute("role", "row");
    for (const { isNumeric } of this.columns) {
      const cell = document.createElement("span");
      cell.setAttribute("role", "cell");
      if (isNumeric) cell.className = "ld-right";
      cell.append(document.createTextNode(""));
      element.append(cell);
    }
    element.onclick = () => {
      const whole = this.content?.whole(this.rows.rowOf(element)) ?? null;
      if (whole !== null) this.detail.show(whole);
    };
    return element;
  }
}

/** Writes the text of a cell where it is another one. */
export function write(cell: Element, text: string): void {
  const node = cell.firstChild as Text;
  if (node.data !== text) node.data = text;
}

function pxOf(letters: number): number {
  return Math.round(Math.min(WIDEST_PX, Math.max(NARROWEST_PX, letters * LETTER_PX + CELL_PADDING_PX)));
}
