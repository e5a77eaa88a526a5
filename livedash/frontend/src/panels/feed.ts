// What a panel reads: its rooms' newest records in rolling windows, and how its feed is doing.
import type { Client, FeedStatus, Gap, Subscription } from "../client/contract.ts";
import type { Batch } from "../wire/batch.ts";
import { RollingWindow } from "./window.ts";

export class PanelFeed {
  /** By room; a glob's rooms come as their first records do. */
  readonly windows = new Map<string, RollingWindow>();
  status: FeedStatus;
  gap: Gap | null = null;
  skipped = 0;
  private readonly subscriptions: Subscription[];
  private readonly listeners = new Set<() => void>();

  constructor(
    client: Client,
    readonly rooms: readonly string[],
    private readonly capacity: number,
  ) {
    this.status = client.status();
    this.subscriptions = rooms.map((room) =>
      client.subscribe(
        { room, window: capacity },
        {
          snapshot: (batch) => this.take(batch, true),
          append: (batch) => this.take(batch, false),
          gap: (gap) => {
            this.gap = gap;
            this.tell();
          },
          status: (status) => {
            this.status = status;
            this.tell();
          },
          skipped: (count) => {
            this.skipped += count;
          },
        },
      ),
    );
  }

  get hasRecords(): boolean {
    for (const window of this.windows.values()) if (window.length > 0) return true;
    return false;
  }

  /** Of the rooms together: what `statistics()` tells when a panel has one room is that room's. */
  get offset(): number {
    let offset = 0;
    for (const window of this.windows.values()) offset = Math.max(offset, window.offset);
    return offset;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.subscriptions.forEach((subscription) => subscription.close());
    this.listeners.clear();
  }

  private take(batch: Batch, isState: boolean): void {
    let window = this.windows.get(batch.room);
    if (!window) {
      window = new RollingWindow(this.capacity);
      this.windows.set(batch.room, window);
    }
    if (isState) window.replace(batch);
    else window.append(batch);
    this.tell();
  }

  private tell(): void {
    this.listeners.forEach((listener) => listener());
  }
}
