// The table: a room's newest records first, a bounded number of rows in the page, sorted by a column on click.
import type { View, ViewContext } from "./contract.ts";
import { formatTime, formatValue } from "./format.ts";
import type { RollingWindow } from "./window.ts";

const MAX_ROWS = 200;
const EVERY_MS = 100;
const TIME = "time";

export function tableView(context: ViewContext): View {
  return new TableView(context);
}

interface Sort {
  readonly field: string;
  readonly isDescending: boolean;
}

class TableView implements View {
  readonly element = document.createElement("div");
  readonly everyMs = EVERY_MS;
  private readonly head = document.createElement("thead");
  private readonly body = document.createElement("tbody");
  private fields: string[] = [];
  private shape = "";
  private sort: Sort | null = null;

  constructor(private readonly context: ViewContext) {
    this.element.className = "ld-scroll";
    if (context.spec.height) this.element.style.maxHeight = `${context.spec.height}px`;
    const table = document.createElement("table");
    table.className = "ld-table";
    table.append(this.head, this.body);
    this.element.append(table);
  }

  paint(): void {
    const window = this.context.feed.windows.values().next().value;
    if (!window) return;
    this.build(window);
    const rows = this.sort ? sortedRows(window, this.sort) : newestRows(window);
    while (this.body.rows.length > rows.length) this.body.deleteRow(-1);
    while (this.body.rows.length < rows.length) this.addRow(window);
    rows.forEach((row, index) => this.fill(this.body.rows[index]!, window, row));
  }

  resize(): void {
    // The browser lays tables out itself.
  }

  themed(): void {
    // Colours are CSS variables.
  }

  dispose(): void {
    this.body.replaceChildren();
  }

  private build(window: RollingWindow): void {
    const known = this.context.spec.fields ?? [...new Set([...window.numbers.keys(), ...window.texts.keys()])];
    const shape = JSON.stringify([known, this.sort]);
    if (shape === this.shape) return;
    this.shape = shape;
    this.fields = [...known];
    const row = document.createElement("tr");
    for (const field of [TIME, ...this.fields]) row.append(this.header(field, window));
    this.head.replaceChildren(row);
    this.body.replaceChildren();
  }

  private header(field: string, window: RollingWindow): HTMLElement {
    const cell = document.createElement("th");
    cell.scope = "col";
    const isSorted = this.sort?.field === field;
    cell.textContent = `${field}${isSorted ? (this.sort!.isDescending ? " ↓" : " ↑") : ""}`;
    cell.ariaSort = isSorted ? (this.sort!.isDescending ? "descending" : "ascending") : "none";
    if (isLeft(window, field)) cell.className = "ld-left";
    cell.onclick = () => {
      this.sort = nextSort(this.sort, field);
      this.paint();
    };
    return cell;
  }

  private addRow(window: RollingWindow): void {
    const row = this.body.insertRow();
    for (const field of [TIME, ...this.fields]) {
      const cell = row.insertCell();
      if (isLeft(window, field)) cell.className = "ld-left";
    }
  }

  private fill(row: HTMLTableRowElement, window: RollingWindow, at: number): void {
    [TIME, ...this.fields].forEach((field, index) => {
      const text = index === 0 ? formatTime(window.times[at]! * 1000) : textAt(window, field, at);
      const cell = row.cells[index]!;
      if (cell.textContent !== text) cell.textContent = text;
    });
  }
}

/** A click sorts downwards, a second one upwards, a third one shows the newest first again. */
export function nextSort(sort: Sort | null, field: string): Sort | null {
  if (sort?.field !== field) return { field, isDescending: true };
  return sort.isDescending ? { field, isDescending: false } : null;
}

function isLeft(window: RollingWindow, field: string): boolean {
  return field === TIME || !window.numbers.has(field);
}

export function valueAt(window: RollingWindow, field: string, row: number): unknown {
  const text = window.texts.get(field)?.values[row];
  if (text !== undefined) return text;
  const value = window.column(field)?.[row];
  return value === undefined || Number.isNaN(value) ? undefined : value;
}

function textAt(window: RollingWindow, field: string, row: number): string {
  const type = window.numbers.get(field)?.type;
  const value = valueAt(window, field, row);
  return type === "bool" && typeof value === "number" ? String(value === 1) : formatValue(value, type === "time");
}

function newestRows(window: RollingWindow): number[] {
  const count = Math.min(MAX_ROWS, window.length);
  return Array.from({ length: count }, (_, index) => window.end - 1 - index);
}

function sortedRows(window: RollingWindow, { field, isDescending }: Sort): number[] {
  const rows = Array.from({ length: window.length }, (_, index) => window.start + index);
  const key = (row: number): unknown => (field === TIME ? window.times[row] : valueAt(window, field, row));
  const compared = (a: unknown, b: unknown): number => {
    if (a === undefined || a === null) return b === undefined || b === null ? 0 : 1; // what is missing stands last
    if (b === undefined || b === null) return -1;
    const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
    return isDescending ? -order : order;
  };
  return rows.sort((a, b) => compared(key(a), key(b))).slice(0, MAX_ROWS);
}
