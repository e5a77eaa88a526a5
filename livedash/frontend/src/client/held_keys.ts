// The latest record per key of a keyed room, kept so that a panel that comes later gets a snapshot at once. As held.ts, for a room with a key.
import type { Batch } from "../wire/batch.ts";
import type { Held } from "./held.ts";
import { KeyedRows } from "./keyed_rows.ts";

export class HeldKeys implements Held {
  private rows: KeyedRows;
  /** True if no key of the room can be missing. */
  private isAll = false;

  constructor(private readonly key: string) {
    this.rows = new KeyedRows(key);
  }

  replace(batch: Batch, isAll: boolean): void {
    this.rows.replace(batch);
    this.isAll = isAll;
  }

  append(batch: Batch): void {
    this.rows.append(batch);
  }

  clear(): void {
    this.rows = new KeyedRows(this.key);
    this.isAll = false;
  }

  snapshot(): Batch | null {
    return this.isAll ? this.rows.snapshot() : null;
  }
}
