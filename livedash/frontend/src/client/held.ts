// The newest records of one room, kept so that a panel that comes later gets a snapshot at once. Those of a keyed room are in held_keys.ts.
import type { Batch } from "../wire/batch.ts";
import { join, slice } from "../wire/join.ts";

const PIECES = 64; // a publisher sends as many small batches a second: each alone costs more than what it holds

export interface Held {
  /** A state. `isAll`: the room has nothing beside it. */
  replace(batch: Batch, isAll: boolean): void;
  /** What follows; `window` records are wanted at most. */
  append(batch: Batch, window: number): void;
  clear(): void;
  /** The state for a reader of `window` records; null where it may be more than what is held here. */
  snapshot(window: number): Batch | null;
}

export class HeldRecords implements Held {
  private batches: Batch[] = [];
  /** How many of the last batches have not been joined yet. */
  private pieces = 0;
  private count = 0;
  /** True if the room has no older record than these, or had none when they came. */
  private isAll = false;

  replace(batch: Batch, isAll: boolean): void {
    this.batches = [batch];
    this.pieces = 0;
    this.count = batch.count;
    this.isAll = isAll;
  }

  append(batch: Batch, window: number): void {
    this.batches.push(batch);
    this.count += batch.count;
    if (++this.pieces === PIECES) {
      const [first, ...others] = this.batches.splice(-PIECES) as [Batch, ...Batch[]];
      this.batches.push(join([first, ...others]));
      this.pieces = 0;
    }
    while (this.batches.length > 1 && this.count - this.batches[0]!.count >= window) {
      this.count -= this.batches.shift()!.count;
      this.isAll = false;
    }
  }

  clear(): void {
    this.batches = [];
    this.pieces = 0;
    this.count = 0;
    this.isAll = false;
  }

  statistics(): { readonly pieces: number; readonly records: number } {
    return { pieces: this.batches.length, records: this.count };
  }

  /** The last `window` records. */
  snapshot(window: number): Batch | null {
    const [first, ...others] = this.batches;
    if (first === undefined || (this.count < window && !this.isAll)) return null;
    const all = join([first, ...others]);
    this.batches = [all]; // the next panel joins less
    this.pieces = 0;
    return slice(all, all.count - window, all.count);
  }
}
