// The newest records of one room, kept so that a panel that comes later gets a snapshot at once.
import type { Batch } from "../wire/batch.ts";
import { join, slice } from "../wire/join.ts";

export class HeldRecords {
  private batches: Batch[] = [];
  private count = 0;
  /** True if the room has no older record than these, or had none when they came. */
  private isAll = false;

  replace(batch: Batch, window: number): void {
    this.batches = [batch];
    this.count = batch.count;
    this.isAll = batch.count < window;
  }

  append(batch: Batch, window: number): void {
    this.batches.push(batch);
    this.count += batch.count;
    while (this.batches.length > 1 && this.count - this.batches[0]!.count >= window) {
      this.count -= this.batches.shift()!.count;
      this.isAll = false;
    }
  }

  clear(): void {
    this.batches = [];
    this.count = 0;
    this.isAll = false;
  }

  /** The last `window` records; null where there may be more of them than are held here. */
  snapshot(window: number): Batch | null {
    const [first, ...others] = this.batches;
    if (first === undefined || (this.count < window && !this.isAll)) return null;
    const all = join([first, ...others]);
    this.batches = [all]; // the next panel joins less
    return slice(all, all.count - window, all.count);
  }
}
