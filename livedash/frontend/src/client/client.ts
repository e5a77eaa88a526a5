// The page's client of one hub: one wish per room or glob on the line, and each record once to each reader.
import type { Wish } from "../transports/contract.ts";
import type { Columns, HubMessage } from "../wire/messages.ts";
import { isGlob, matches } from "../wire/names.ts";
import type { Client, FeedStatus, PanelStatistics, RoomListener, SubscribeRequest, Subscription } from "./contract.ts";
import { Line, type LineParts } from "./line.ts";
import { Readers, type Reader } from "./readers.ts";
import { RoomReader, type Step, type Told } from "./room.ts";

const LINGER_MS = 5_000; // a cell that runs again closes its panel and opens another

export class PageClient implements Client {
  private readonly line: Line;
  private readonly readers = new Readers();
  private readonly rooms = new Map<string, RoomReader>();
  /** What the hub said about a room or glob that it does not let this page read. */
  private readonly failures = new Map<string, string>();
  private readonly panels = new Set<() => PanelStatistics>();
  private cancelClose: () => void = () => undefined;

  constructor(private readonly parts: LineParts) {
    this.line = new Line(parts, {
      wishes: () => Array.from(this.readers.names(), (room) => this.wish(room)),
      connecting: () => this.rooms.forEach((room) => room.asked()),
      message: (message) => this.onMessage(message),
      status: () => this.tellStatus(this.readers),
    });
  }

  subscribe(request: SubscribeRequest, listener: RoomListener): Subscription {
    const others = this.readers.asking(request.room);
    const reader = this.readers.add(request, listener);
    this.failures.delete(request.room);
    this.later(reader, () => this.tellStatusTo(reader));
    const isWider = reader.window > this.readers.window(others);
    const isServed = this.serveFromHeld(reader, isWider);
    if (others.length === 0 || !isServed) this.line.subscribe(this.wish(request.room));
    this.cancelClose();
    this.line.open();
    if (this.line.status.state === "failed") this.line.wake();
    return { close: () => this.close(reader) };
  }

  status(): FeedStatus {
    return this.line.status;
  }

  registerPanel(read: () => PanelStatistics): () => void {
    this.panels.add(read);
    return () => void this.panels.delete(read);
  }

  statistics(): { transport: string | null; panels: PanelStatistics[] } {
    return { transport: this.line.status.transport, panels: Array.from(this.panels, (read) => read()) };
  }

  /** The last states of the line with their times, for who looks for a cause. */
  trace(): readonly string[] {
    return this.line.trace;
  }

  /** The network is back, or somebody looks at the page again. */
  wake(): void {
    this.line.wake();
  }

  private close(reader: Reader): void {
    if (!this.readers.delete(reader)) return;
    const { room: wish } = reader.request;
    const gone = [...this.rooms.keys()].filter((name) => this.readers.covering(name).length === 0);
    gone.forEach((name) => this.rooms.delete(name));
    // The hub goes on with the rooms of a glob that is given back, and ends a room even where a glob still covers it.
    const ended = new Set(this.readers.covering(wish).length === 0 ? [wish, ...gone] : gone);
    for (const name of ended) this.line.unsubscribe(name);
    if (this.readers.size === 0) this.cancelClose = this.parts.clock.after(LINGER_MS, () => this.line.close());
  }

  private later(reader: Reader, call: () => void): void {
    queueMicrotask(() => this.readers.has(reader) && tell(call));
  }

  // Wishes

  private wish(room: string): Wish {
    return this.readers.wish(room, () => this.covered(room).flatMap(({ entry }) => entry ?? []));
  }

  private covered(wish: string): RoomReader[] {
    return [...this.rooms.values()].filter(({ name }) => matches(wish, name));
  }

  /** A panel that comes later gets the state of what is held here. False: (more of) it has to be asked for. */
  private serveFromHeld(reader: Reader, isWider: boolean): boolean {
    const { room: wish, since = "snapshot" } = reader.request;
    const covered = this.covered(wish);
    let isServed = covered.length > 0 || !isWider;
    if (since === "now") return isServed;
    for (const room of covered.filter(({ hasState }) => hasState)) {
      if (room.held.snapshot(reader.window) === null) {
        room.forget();
        isServed = false;
      } else {
        this.later(reader, () => this.handHeld(reader, room));
      }
    }
    return isServed && !(isWider && covered.some(({ hasState }) => !hasState));
  }

  /** Records may have come since it was asked for: then the reader has them, and what was held before them, already. */
  private handHeld(reader: Reader, room: RoomReader): void {
    const batch = reader.rooms.has(room.name) ? null : room.held.snapshot(reader.window);
    if (batch !== null) this.handTo(reader, room, { kind: "snapshot", batch, skipped: 0 });
  }

  // Messages

  private onMessage(message: HubMessage): void {
    switch (message.op) {
      case "subscribed":
        this.failures.delete(message.room);
        if (!isGlob(message.room)) this.room(message.room)?.onSubscribed(message, this.readers.startsWithState(message.room));
        this.tellStatus(this.readers.covering(message.room));
        break;
      case "keyed":
        this.room(message.room)?.onKey(message.key);
        break;
      case "columns":
        this.onColumns(message);
        break;
      case "snapshot": {
        const room = this.room(message.batch.room);
        if (room) this.hand(room, room.onSnapshot(message));
        break;
      }
      case "gap": {
        const room = this.room(message.room);
        if (room) this.hand(room, room.onGap(message));
        break;
      }
      case "notice":
        this.room(message.room)?.onNotice(message);
        this.tellStatus(this.readers.covering(message.room));
        break;
      case "failing":
        this.room(message.room)?.onFailing(message);
        this.tellStatus(this.readers.covering(message.room));
        break;
      case "error":
        if (message.room === null) {
          console.warn(`livedash: the hub says ${message.code}: ${message.message}`);
          break;
        }
        this.failures.set(message.room, message.message);
        this.tellStatus(this.readers.asking(message.room));
        break;
      case "degraded":
      case "bye":
      case "pong":
        break; // the line's own
    }
  }

  private onColumns(message: Columns): void {
    const room = this.room(message.batch.room);
    if (!room) return;
    const step = room.onColumns(message);
    const isMissing = step.kind === "ask" || step.kind === "missing";
    this.hand(room, isMissing && !this.line.canAsk ? room.takeAsState(message) : step);
  }

  /** Null for a room that nobody here reads any more. */
  private room(name: string): RoomReader | null {
    const readers = this.readers.covering(name);
    if (readers.length === 0) return null;
    let room = this.rooms.get(name);
    if (!room) this.rooms.set(name, (room = new RoomReader(name)));
    room.window = this.readers.window(readers);
    return room;
  }

  private hand(room: RoomReader, step: Step): void {
    if (step.kind === "nothing" || step.kind === "missing") return;
    if (step.kind === "ask") {
      const wish = [...this.readers.names()].find((name) => matches(name, room.name));
      if (wish !== undefined) this.line.subscribe(this.wish(wish));
      return;
    }
    for (const reader of this.readers.covering(room.name)) {
      if (this.readers.has(reader)) tell(() => this.handTo(reader, room, step));
    }
  }

  private handTo(reader: Reader, room: RoomReader, step: Told): void {
    const { listener } = reader;
    if (step.kind === "gap") {
      const { reason, from, to } = step.message;
      listener.gap({ reason, ...(from !== null && { from }), ...(to !== null && { to }) });
      return;
    }
    if (step.skipped > 0) listener.skipped(step.skipped);
    const isFirst = !reader.rooms.has(room.name);
    reader.rooms.add(room.name);
    if (step.kind === "append" && !isFirst) listener.append(step.batch);
    // To who comes late, what was held before is news too.
    else listener.snapshot((isFirst ? room.held.snapshot(reader.window) : null) ?? step.batch, room.key);
    // Before its first record the room was waited for; an empty state of no epoch says that it is again.
    if (isFirst || step.kind === "snapshot") this.tellStatusTo(reader);
  }

  // Status

  private tellStatus(readers: Iterable<Reader>): void {
    for (const reader of readers) this.later(reader, () => this.tellStatusTo(reader));
  }

  private tellStatusTo(reader: Reader): void {
    const status = this.statusOf(reader);
    if (reader.status !== null && isSame(status, reader.status)) return;
    reader.status = status;
    reader.listener.status(status);
  }

  private statusOf(reader: Reader): FeedStatus {
    const { status } = this.line;
    const reason = this.failures.get(reader.request.room);
    if (reason !== undefined) return { ...status, state: "failed", reason, fix: "check the room's name, and what your login or link may read" };
    const covered = this.covered(reader.request.room);
    const publisherDropped = covered.reduce((sum, room) => sum + room.publisherDropped, 0);
    const isWaiting = status.state === "live" && covered.every((room) => room.isWaiting);
    const failing = covered.flatMap((room) => room.failing);
    return {
      ...status,
      ...(isWaiting && { state: "waiting" as const }),
      ...(publisherDropped > 0 && { publisherDropped }),
      ...(failing.length > 0 && { failing }),
    };
  }
}

/** One panel's mistake must not keep the records from the others. */
function tell(call: () => void): void {
  try {
    call();
  } catch (error) {
    console.error("livedash: a panel failed on what it was told", error);
  }
}

function isSame(one: FeedStatus, other: FeedStatus): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
