// A client without a server: rooms that a scene fills, and states that it sets.
import type { Client, FeedStatus, Gap, PanelStatistics, RoomListener, SubscribeRequest, Subscription } from "../../src/client/contract.ts";
import type { Batch } from "../../src/wire/batch.ts";
import type { Column } from "../../src/wire/column.ts";

export const LIVE: FeedStatus = { state: "live", transport: "websocket", sinceMs: Date.now() };

export type Columns = Readonly<Record<string, readonly unknown[] | Float64Array | Column>>;

export class FakeClient implements Client {
  private readonly listeners = new Map<string, Set<RoomListener>>();
  private readonly offsets = new Map<string, number>();
  private readonly panels = new Set<() => PanelStatistics>();
  private readonly keys = new Map<string, string | null>();
  private readonly statuses = new Map<string, FeedStatus>();

  subscribe({ room }: SubscribeRequest, listener: RoomListener): Subscription {
    const listeners = this.listeners.get(room) ?? new Set();
    this.listeners.set(room, listeners.add(listener));
    queueMicrotask(() => listener.status(this.statuses.get(room) ?? LIVE));
    return { close: () => void listeners.delete(listener) };
  }

  status(): FeedStatus {
    return LIVE;
  }

  registerPanel(read: () => PanelStatistics): () => void {
    this.panels.add(read);
    return () => void this.panels.delete(read);
  }

  statistics(): { transport: string | null; panels: PanelStatistics[] } {
    return { transport: "websocket", panels: Array.from(this.panels, (read) => read()) };
  }

  // What a scene does

  setStatus(room: string, status: FeedStatus): void {
    this.statuses.set(room, status);
    this.listeners.get(room)?.forEach((listener) => listener.status(status));
  }

  setKey(room: string, field: string | null): void {
    this.keys.set(room, field);
  }

  /** What is pushed next is a state that replaces what was there. */
  restart(room: string): void {
    this.offsets.delete(room);
  }

  gap(room: string, gap: Gap): void {
    this.listeners.get(room)?.forEach((listener) => listener.gap(gap));
  }

  push(room: string, columns: Columns, times?: Float64Array): void {
    const batch = this.batch(room, columns, times);
    this.listeners.get(room)?.forEach((listener) => (batch.offset === batch.count ? listener.snapshot(batch, this.keys.get(room) ?? null) : listener.append(batch)));
  }

  /** A record of `room` for who asked for `glob`. */
  pushAs(glob: string, room: string, columns: Columns, times?: Float64Array): void {
    const batch = this.batch(room, columns, times);
    this.listeners.get(glob)?.forEach((listener) => listener.snapshot(batch, null));
  }

  private batch(room: string, columns: Columns, times?: Float64Array): Batch {
    const made = new Map(Object.entries(columns).map(([name, values]) => [name, columnOf(values)]));
    const first = made.values().next().value!;
    const count = first.values.length + first.absent.length;
    const offset = (this.offsets.get(room) ?? 0) + count;
    this.offsets.set(room, offset);
    return { room, epoch: "fake", offset, count, times: times ?? new Float64Array(count).fill(Date.now() * 1000), columns: made };
  }
}

export function columnOf(values: Columns[string]): Column {
  if ("type" in values) return values;
  if (values instanceof Float64Array) return { type: "f8", absent: [], values };
  const absent = values.flatMap((value, row) => (value === undefined ? [row] : []));
  const present = values.filter((value) => value !== undefined);
  if (present.every((value) => typeof value === "number")) return { type: "f8", absent, values: Float64Array.from(present as number[]) };
  if (present.every((value) => value === null || typeof value === "string")) return { type: "str", absent, values: present };
  return { type: "json", absent, values: present };
}
