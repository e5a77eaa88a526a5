// A table's rows of a keyed room: one a key, in the order in which the keys came or in that of a column. What has changed since it was painted last
// flashes; only what is in view is looked at, so that a thousand changes a second cost no more than a few.
import type { KeyedRecord, KeyedRows } from "../client/keyed_rows.ts";
import { Decimals } from "./decimals.ts";
import { flash, stopFlash, type Tone } from "./flash.ts";
import { formatCount } from "./format.ts";
import { momentText, numberInRecord, textInRecord, timeOfRecord, wholeOfRecord } from "./record.ts";
import { sortedKeys, TIME } from "./sorting.ts";
import { write, type TableColumn, type TableContent, type TableGrid } from "./table_grid.ts";

const SAMPLE_ROWS = 40;
const UPDATED: TableColumn = { name: TIME, title: "updated", hint: "When the row’s record was pushed", isNumeric: false };

/** What an element shows. */
interface Look {
  readonly row: number;
  record: KeyedRecord;
  /** Of the decimals with which it was written. */
  decimals: number;
}

export class KeyedTable implements TableContent {
  private order: readonly number[] = [];
  private orderVersion = -1;
  private isSorted = false;
  private revision = -1;
  /** Rows from this one on have not been painted before. */
  private newFrom = Infinity;
  private paintedMs = 0;
  private readonly decimals = new Decimals();
  private readonly looks = new WeakMap<HTMLElement, Look>();

  constructor(
    private readonly grid: TableGrid,
    private readonly rows: KeyedRows,
    private readonly fields: readonly string[] | null,
  ) {}

  get count(): string {
    const { size } = this.rows.records;
    return size === 1 ? "1 row" : `${formatCount(size)} rows`;
  }

  paint(nowMs: number): void {
    const { grid, rows } = this;
    this.paintedMs = nowMs;
    const isOtherState = rows.revision !== this.revision;
    this.revision = rows.revision;
    if (isOtherState) this.newFrom = Infinity; // a state that came anew says nothing of what is new
    if (isOtherState) grid.rows.reset();
    grid.setColumns(this.columnsNow());
    this.putInOrder(nowMs, isOtherState);
    const { version } = this.decimals;
    grid.rows.paintOrder(this.order);
    if (this.decimals.version !== version) grid.rows.paintOrder(this.order); // those above are out of line now
    grid.layOut();
    this.newFrom = rows.nextRow;
  }

  fill(element: HTMLElement, row: number): void {
    const record = this.rows.records.get(row)!;
    const look = this.looks.get(element);
    if (look?.row !== row) return this.begin(element, row, record);
    const { record: before, decimals } = look;
    if (before === record && decimals === this.decimals.version) return;
    this.grid.columns.forEach(({ name }, at) => {
      const cell = element.children[at] as HTMLElement;
      this.show(cell, at, record);
      if (before !== record && isChanged(before, record, name)) flash(cell, toneOf(before, record, name), this.paintedMs);
    });
    look.record = record;
    look.decimals = this.decimals.version;
  }

  whole(row: number): string | null {
    const record = this.rows.records.get(row);
    return record ? wholeOfRecord(record) : null;
  }

  private columnsNow(): TableColumn[] {
    const { key, fields } = this.rows;
    const names = this.fields ?? [...fields.keys()];
    const shown = [key, ...names.filter((name) => name !== key)];
    // A key names its row: it stands at the left, and as it is.
    return [...shown.map((name) => ({ name, title: name, hint: name, isNumeric: name !== key && (fields.get(name) ?? false) })), UPDATED];
  }

  private putInOrder(nowMs: number, isOtherState: boolean): void {
    const { grid, rows } = this;
    const isChanged = rows.version !== this.orderVersion;
    if (isChanged) this.sample();
    if (grid.sort === null) {
      if (isChanged || isOtherState || this.isSorted) this.order = [...rows.records.keys()];
      this.isSorted = false;
    } else if (grid.isSortDue(nowMs) || isOtherState) {
      this.order = sortedKeys(rows, grid.sort);
      this.isSorted = true;
    } else if (isChanged) {
      this.order = this.order.filter((row) => rows.records.has(row));
    }
    this.orderVersion = rows.version;
  }

  private begin(element: HTMLElement, row: number, record: KeyedRecord): void {
    stopFlash(element);
    this.grid.columns.forEach((_, at) => {
      const cell = element.children[at] as HTMLElement;
      stopFlash(cell);
      this.show(cell, at, record);
    });
    this.looks.set(element, { row, record, decimals: this.decimals.version });
    if (row >= this.newFrom) flash(element, "new", this.paintedMs);
  }

  private show(cell: HTMLElement, at: number, record: KeyedRecord): void {
    const text = this.textOf(record, this.grid.columns[at]!);
    this.grid.widen(at, text);
    write(cell, text);
  }

  /** Widths and decimals are known before the first row is drawn. */
  private sample(): void {
    const { columns } = this.grid;
    const step = Math.ceil(this.rows.records.size / SAMPLE_ROWS);
    let row = 0;
    for (const record of this.rows.records.values()) {
      if (row++ % step === 0) columns.forEach((column, at) => this.grid.widen(at, this.textOf(record, column)));
    }
  }

  private textOf(record: KeyedRecord, { name, isNumeric }: TableColumn): string {
    if (name === TIME) return momentText(timeOfRecord(record), Date.now());
    const text = textInRecord(record, name);
    return isNumeric ? this.decimals.aligned(name, text) : text;
  }
}

/** As far as one can see. When a record was pushed says itself that it is another one. */
function isChanged(before: KeyedRecord, now: KeyedRecord, name: string): boolean {
  return name !== TIME && textInRecord(before, name) !== textInRecord(now, name);
}

function toneOf(before: KeyedRecord, now: KeyedRecord, name: string): Tone {
  const change = numberInRecord(now, name) - numberInRecord(before, name);
  return change > 0 ? "up" : change < 0 ? "down" : "changed";
}
