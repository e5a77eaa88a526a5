// The latest record of each key of a keyed room, kept in the columns in which the records came: a snapshot, and what has followed it. The rules are
// those of livedash/core/keyed.py. No I/O, and no bound of its own: the hub keeps 10,000 keys of a room at most.
import type { Batch } from "../wire/batch.ts";
import { cell } from "../wire/batch.ts";
import type { Column, ColumnType } from "../wire/column.ts";
import { join, take } from "../wire/join.ts";

/** A record with this field set removes its key. */
export const DELETED = "_deleted";

const MOST_PIECES = 256; // batches of a few records each cost more than what they hold
const MOST_STALE = 4096; // records that no key needs any more, beside as many as there are keys
const NUMERIC: ReadonlySet<ColumnType> = new Set(["f8", "i8", "bool"]);

/** Where a record lies. It is another object once another record is its key's latest, and the same one while none is. */
export interface KeyedRecord {
  readonly batch: Batch;
  readonly row: number;
}

type Key = string | number | bigint;
type Place = { -readonly [name in keyof KeyedRecord]: KeyedRecord[name] };

export class KeyedRows {
  /** In the order in which the keys came. The row's number is its key's as long as that is there, and never another one's. */
  readonly records = new Map<number, Place>();
  /** The fields that records have, and whether they are ones of numbers. */
  readonly fields = new Map<string, boolean>();
  /** Grows when a key comes or goes. */
  version = 0;
  /** Grows when a snapshot replaces what was held. */
  revision = 0;
  /** The number of the next row. */
  nextRow = 0;
  private readonly rows = new Map<Key, number>();
  private newest: Batch | null = null;
  /** Since all were joined in one batch. */
  private pieces = 0;
  private taken = 0;

  constructor(readonly key: string) {}

  replace(batch: Batch): void {
    this.records.clear();
    this.rows.clear();
    this.fields.clear();
    this.pieces = this.taken = 0;
    this.revision++;
    this.version++;
    this.append(batch);
  }

  append(batch: Batch): void {
    this.newest = batch;
    const keys = batch.columns.get(this.key);
    if (keys === undefined) return;
    this.noteFields(batch);
    const deleted = batch.columns.get(DELETED);
    for (let row = 0; row < batch.count; row++) {
      const key = keyOf(cell(keys, row), keys);
      if (key === undefined) continue;
      if (deleted && cell(deleted, row) === true) this.remove(key);
      else this.put(key, { batch, row });
    }
    this.taken += batch.count;
    this.pieces++;
    if (this.pieces > MOST_PIECES || this.taken > 2 * this.records.size + MOST_STALE) this.compact();
  }

  /** All of it as one batch at the newest position; null before anything came. */
  snapshot(): Batch | null {
    return this.newest && this.compact();
  }

  private put(key: Key, record: Place): void {
    let row = this.rows.get(key);
    if (row === undefined) {
      row = this.nextRow++;
      this.rows.set(key, row);
      this.version++;
    }
    this.records.set(row, record);
  }

  private remove(key: Key): void {
    const row = this.rows.get(key);
    if (row === undefined) return;
    this.rows.delete(key);
    this.records.delete(row);
    this.version++;
  }

  private noteFields(batch: Batch): void {
    for (const [name, column] of batch.columns) {
      if (name !== DELETED) this.fields.set(name, (this.fields.get(name) ?? true) && isNumeric(column));
    }
  }

  /** Lets go of records that are no key's latest, and of fields that no record has any more. */
  private compact(): Batch {
    const newest = this.newest!;
    const starts = new Map<Batch, number>();
    let count = 0;
    for (const { batch } of this.records.values()) {
      if (starts.has(batch)) continue;
      starts.set(batch, count);
      count += batch.count;
    }
    const rows = Array.from(this.records.values(), ({ batch, row }) => starts.get(batch)! + row);
    const [first, ...others] = starts.size > 0 ? [...starts.keys()] : [newest];
    const { room, epoch, offset } = newest;
    const all: Batch = { ...take(join([first!, ...others]), rows), room, epoch, offset };
    let at = 0;
    for (const record of this.records.values()) {
      record.batch = all;
      record.row = at++;
    }
    this.pieces = this.taken = 0;
    for (const name of this.fields.keys()) if (!all.columns.has(name)) this.fields.delete(name);
    return all;
  }
}

/** As Python tells keys apart: a number is equal to a number whatever its type, and never to a text. */
function keyOf(value: unknown, column: Column): Key | undefined {
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "string") return column.type === "i8" ? BigInt(value) : value; // an integer beyond ±(2^53 − 1)
  if (typeof value !== "number" || Number.isNaN(value)) return undefined;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value;
}

function isNumeric({ type, values }: Column): boolean {
  if (type !== "json") return NUMERIC.has(type);
  return values.every((value) => value === null || typeof value === "number"); // integers among None
}
