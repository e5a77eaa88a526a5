// What panels read: their rooms' newest records in rolling windows, keyed rooms by their keys too, and how the feed is doing. Panels that want the same share one.
import type { Client, FeedStatus, Gap, RoomListener, Subscription } from "../client/contract.ts";
import { KeyedRows } from "../client/keyed_rows.ts";
import type { Batch } from "../wire/batch.ts";
import { jointStatus } from "./status.ts";
import { RollingWindow } from "./window.ts";

/** What a view and its frame need of a feed: the whole, or one room of it. */
export interface ReadableFeed {
  /** As they were asked for: names and globs. */
  readonly rooms: readonly string[];
  /** By room; a glob's rooms come as their first records do. */
  readonly windows: ReadonlyMap<string, RollingWindow>;
  /** Of the keyed rooms, the latest record per key. */
  readonly keyed: ReadonlyMap<string, KeyedRows>;
  readonly status: FeedStatus;
  /** The last one, and how many records all of them lacked. */
  readonly gap: Gap | null;
  readonly missed: number;
  /** Left out by mode or key, which is no loss. */
  readonly skipped: number;
  readonly hasRecords: boolean;
  onChange(listener: () => void): () => void;
}

export class PanelFeed implements ReadableFeed {
  readonly windows = new Map<string, RollingWindow>();
  readonly keyed = new Map<string, KeyedRows>();
  gap: Gap | null = null;
  missed = 0;
  skipped = 0;
  private readonly statuses: FeedStatus[];
  private readonly subscriptions: readonly Subscription[];
  private readonly listeners = new Set<() => void>();

  constructor(
    client: Client,
    readonly rooms: readonly string[],
    private readonly capacity: number,
  ) {
    this.statuses = rooms.map(() => client.status());
    this.subscriptions = rooms.map((room, at) => client.subscribe({ room, window: capacity }, this.listener(at)));
  }

  get status(): FeedStatus {
    return jointStatus(this.statuses);
  }

  get hasRecords(): boolean {
    for (const window of this.windows.values()) if (window.length > 0) return true;
    return false;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** The part of several rooms' feed that one room's panels draw. */
  ofRoom(room: string): ReadableFeed {
    return new RoomOfFeed(this, room);
  }

  close(): void {
    this.subscriptions.forEach((subscription) => subscription.close());
    this.listeners.clear();
  }

  private listener(at: number): RoomListener {
    return {
      snapshot: (batch, key) => this.begin(batch, key),
      append: (batch) => {
        this.window(batch.room).append(batch);
        this.keyed.get(batch.room)?.append(batch);
        this.tell();
      },
      gap: (gap) => {
        this.gap = gap;
        if (gap.from !== undefined && gap.to !== undefined) this.missed += Math.max(0, gap.to - gap.from + 1);
        this.tell();
      },
      status: (status) => {
        this.statuses[at] = status;
        this.tell();
      },
      skipped: (count) => {
        this.skipped += count;
      },
    };
  }

  private begin(batch: Batch, key: string | null): void {
    const { room } = batch;
    this.window(room).replace(batch);
    if (key === null) this.keyed.delete(room);
    else if (this.keyed.get(room)?.key !== key) this.keyed.set(room, new KeyedRows(key));
    this.keyed.get(room)?.replace(batch);
    this.tell();
  }

  private window(room: string): RollingWindow {
    let window = this.windows.get(room);
    if (!window) this.windows.set(room, (window = new RollingWindow(this.capacity)));
    return window;
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

  get keyed(): ReadonlyMap<string, KeyedRows> {
    const rows = this.feed.keyed.get(this.room);
    return new Map(rows ? [[this.room, rows]] : []);
  }

  get status(): FeedStatus {
    return this.feed.status;
  }

  get gap(): Gap | null {
    return this.feed.gap;
  }

  get missed(): number {
    return this.feed.missed;
  }

  get skipped(): number {
    return this.feed.skipped;
  }

  get hasRecords(): boolean {
    return (this.feed.windows.get(this.room)?.length ?? 0) > 0;
  }

  onChange(listener: () => void): () => void {
    return this.feed.onChange(listener);
  }
}

// Sharing

interface Use {
  readonly feed: PanelFeed;
  users: number;
}

const uses = new WeakMap<Client, Map<string, Use>>();

/** The feed of these rooms and this window: one, however many panels ask. Each gives its own back by `release`. */
export function useFeed(client: Client, rooms: readonly string[], capacity: number): { feed: PanelFeed; release: () => void } {
  let feeds = uses.get(client);
  if (!feeds) uses.set(client, (feeds = new Map()));
  const key = JSON.stringify([rooms, capacity]);
  let use = feeds.get(key);
  if (!use) feeds.set(key, (use = { feed: new PanelFeed(client, rooms, capacity), users: 0 }));
  use.users++;
  const release = (): void => {
    use.users--;
    if (use.users > 0) return;
    feeds.delete(key);
    use.feed.close();
  };
  return { feed: use.feed, release };
}
