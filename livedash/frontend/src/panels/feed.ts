// What a panel reads: its rooms' newest records in rolling windows, and how its feed is doing.
import type { Client, FeedStatus, Gap, Subscription } from "../client/contract.ts";
import type { Batch } from "../wire/batch.ts";
import { RollingWindow } from "./window.ts";

/** What a view and its frame need of a feed: the whole, or one room of it. */
export interface ReadableFeed {
  readonly rooms: readonly string[];
  readonly windows: ReadonlyMap<string, RollingWindow>;
  readonly status: FeedStatus;
  readonly gap: Gap | null;
  readonly skipped: number;
  readonly hasRecords: boolean;
  /** Of the newest record held. */
  readonly offset: number;
  onChange(listener: () => void): () => void;
}

export class PanelFeed implements ReadableFeed {
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

  /** The part of a glob's or several rooms' feed that one room's panels draw. */
  ofRoom(room: string): ReadableFeed {
    return new RoomOfFeed(this, room);
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

class RoomOfFeed implements ReadableFeed {
  readonly rooms: readonly string[];

  constructor(
    private readonly feed: PanelFeed,
    private readonly room: string,
  ) {
    this.rooms = [room];
  }

  get windows(): ReadonlyMap<string, RollingWindow> {
    const window = this.feed.windows.get(this.room);
    return new Map(window ? [[this.room, window]] : []);
  }

  get status(): FeedStatus {
    return this.feed.status;
  }

  get gap(): Gap | null {
    return this.feed.gap;
  }

  get skipped(): number {
    return this.feed.skipped;
  }

  get hasRecords(): boolean {
    return (this.feed.windows.get(this.room)?.length ?? 0) > 0;
  }

  get offset(): number {
    return this.feed.windows.get(this.room)?.offset ?? 0;
  }

  onChange(listener: () => void): () => void {
    return this.feed.onChange(listener);
  }
}
