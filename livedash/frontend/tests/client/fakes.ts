// Time, transports and listeners that tests hold in their hands.
import type { FeedStatus, Gap, RoomListener } from "../../src/client/contract.ts";
import type { Clock, Connection, ConnectionEvents, Transport, TransportName, Wish } from "../../src/transports/contract.ts";
import type { Batch } from "../../src/wire/batch.ts";
import type { Columns, Snapshot } from "../../src/wire/messages.ts";

export class ManualClock implements Clock {
  private nowMs = 0;
  private wallAheadMs = 1_700_000_000_000;
  private timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return this.nowMs + this.wallAheadMs;
  }

  /** Somebody sets the wall clock, or the machine sleeps and only the wall clock goes on. */
  setWall(byMs: number): void {
    this.wallAheadMs += byMs;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.nowMs + ms, callback };
    this.timers.push(timer);
    return () => void (this.timers = this.timers.filter((other) => other !== timer));
  }

  /** Time goes on, and no timer runs: a page that is frozen. */
  sleep(ms: number): void {
    this.nowMs += ms;
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (;;) {
      await settled();
      const due = this.timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (!due) break;
      this.timers = this.timers.filter((timer) => timer !== due);
      this.nowMs = Math.max(this.nowMs, due.atMs);
      due.callback();
    }
    this.nowMs = untilMs;
    await settled();
  }
}

/** All that waits in microtasks has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class FakeConnection implements Connection {
  readonly asked: { room: string; window: number | null; since: string }[] = [];
  readonly wishes: Wish[] = [];
  readonly unsubscribed: string[] = [];
  pings = 0;
  isClosed = false;

  constructor(
    wishes: Iterable<Wish>,
    readonly events: ConnectionEvents,
  ) {
    for (const wish of wishes) this.subscribe(wish);
  }

  subscribe(wish: Wish): void {
    this.wishes.push(wish);
    const { word, entries } = wish.start();
    this.asked.push({ room: wish.room, window: wish.window, since: entries.length > 0 ? entries.join(",") : word });
  }

  unsubscribe(room: string): void {
    this.unsubscribed.push(room);
  }

  ping(): void {
    this.pings++;
  }

  close(): void {
    this.isClosed = true;
  }

  send(...messages: Parameters<ConnectionEvents["message"]>[0][]): void {
    for (const message of messages) {
      this.events.alive();
      this.events.message(message);
    }
  }
}

export class FakeTransport implements Transport {
  readonly connections: FakeConnection[] = [];

  constructor(
    readonly name: TransportName,
    readonly isJudgedBySilence = name !== "comm",
  ) {}

  connect(wishes: Iterable<Wish>, events: ConnectionEvents): FakeConnection {
    const connection = new FakeConnection(wishes, events);
    this.connections.push(connection);
    return connection;
  }

  get last(): FakeConnection {
    return this.connections.at(-1)!;
  }
}

/** Offsets that a panel has, and what it was told. */
export class Recorder implements RoomListener {
  held: number[] = [];
  readonly calls: string[] = [];
  readonly gaps: Gap[] = [];
  last: FeedStatus | null = null;
  skippedCount = 0;
  key: string | null = null;

  snapshot(batch: Batch, key: string | null): void {
    this.key = key;
    this.held = values(batch);
    this.calls.push("snapshot");
  }

  append(batch: Batch): void {
    this.held.push(...values(batch));
    this.calls.push("append");
  }

  gap(gap: Gap): void {
    this.gaps.push(gap);
    this.calls.push("gap");
  }

  status(status: FeedStatus): void {
    this.last = status;
    this.calls.push(`status:${status.state}`);
  }

  skipped(count: number): void {
    this.skippedCount += count;
  }
}

/** Records `first`…`last` of a room, each with its own offset as the field `n`. */
export function batch(first: number, last: number, room = "train", epoch = "k3x9"): Batch {
  const offsets = Float64Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return {
    room,
    epoch,
    offset: last,
    count: offsets.length,
    times: offsets.map((offset) => offset * 1e6),
    columns: new Map(offsets.length > 0 ? [["n", { type: "i8", absent: [], values: offsets }]] : []),
  };
}

export function columns(first: number, last: number, room?: string, epoch?: string): Columns {
  return { op: "columns", batch: batch(first, last, room, epoch), skipped: 0 };
}

export function snapshot(first: number, last: number, room?: string, epoch?: string): Snapshot {
  return { op: "snapshot", batch: batch(first, last, room, epoch), skipped: 0 };
}

export function subscribed(offset: number, room = "train", epoch = "k3x9", key: string | null = null) {
  return { op: "subscribed", room, epoch, offset, recovered: true, key } as const;
}

export function values(batch: Batch): number[] {
  return [...((batch.columns.get("n")?.values as Float64Array | undefined) ?? [])];
}
