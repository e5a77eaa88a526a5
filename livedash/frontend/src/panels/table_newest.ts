// A table's rows of a room without a key: its newest records first, or in the order of a column.
import { pushedAt, textAt, wholeRecord } from "./record.ts";
import { sortedRows, TIME } from "./sorting.ts";
import { write, type TableColumn, type TableContent, type TableGrid } from "./table_grid.ts";
import type { RollingWindow } from "./window.ts";

const SAMPLE_ROWS = 40;
const PUSHED: TableColumn = { name: TIME, title: "pushed", hint: "When the record was pushed", isNumeric: false };

export class NewestTable implements TableContent {
  readonly count = "";
  private order: readonly number[] = [];

  /** `fields` null: all of them. */
  constructor(
    private readonly grid: TableGrid,
    private readonly window: RollingWindow,
    private readonly fields: readonly string[] | null,
  ) {}

  paint(nowMs: number): void {
    const { grid, window } = this;
    grid.setColumns([PUSHED, ...(this.fields ?? [...window.fields.keys()]).map((name) => this.column(name))]);
    this.widen();
    if (grid.sort === null) return grid.rows.paintByTime(window);
    if (grid.isSortDue(nowMs)) this.order = sortedRows(window, grid.sort);
    grid.rows.paintOrder(this.order.filter((row) => row >= window.firstRow));
  }

  fill(element: HTMLElement, row: number): void {
    if (element.dataset.row === String(row)) return; // records never change
    element.dataset.row = String(row);
    const nowMs = Date.now();
    this.grid.columns.forEach(({ name }, at) => write(element.children[at]!, this.textOf(row, name, nowMs)));
  }

  whole(row: number): string | null {
    return row >= this.window.firstRow ? wholeRecord(this.window, row) : null;
  }

  private column(name: string): TableColumn {
    const field = this.window.fields.get(name);
    return { name, title: name, hint: name, isNumeric: field !== undefined && field.isNumeric && field.type !== "time" };
  }

  private widen(): void {
    const { grid, window } = this;
    const nowMs = Date.now();
    for (let row = Math.max(window.firstRow, window.nextRow - SAMPLE_ROWS); row < window.nextRow; row += 4) {
      grid.columns.forEach(({ name }, at) => grid.widen(at, this.textOf(row, name, nowMs)));
    }
    grid.layOut();
  }

  private textOf(row: number, name: string, nowMs: number): string {
    return name === TIME ? pushedAt(this.window, row, nowMs) : textAt(this.window, name, row);
  }
}
