// The page's client of one hub: who reads which rooms, one wish per room or glob on the line, each record once to each reader.
import type { TransportName, Wish } from "../transports/contract.ts";
import type { HubMessage } from "../wire/messages.ts";
import { isGlob, matches } from "../wire/names.ts";
import type {
  Client,
  FeedStatus,
  PanelStatistics,
  RoomListener,
  SubscribeRequest,
  Subscription,
} from "./contract.ts";
import { Line, type LineParts } from "./line.ts";
import { RoomReader, type Step } from "./room.ts";

const DEFAULT_WINDOW = 10_000;

interface Reader {
  readonly request: SubscribeRequest;
  readonly window: number;
  readonly listener: RoomListener;
  /** Rooms whose state this reader has. */
  readonly rooms: Set<string>;
}

export class PageClient implements Client {
  readonly line: Line;
  private readonly readers = new Set<Reader>();
  private readonly rooms = new Map<string, RoomReader>();
  private readonly failures = new Map<string, string>();

  constructor(
    parts: LineParts,
    private readonly panels: Set<() => PanelStatistics>,
  ) {
    this.line = new Line(parts, {
      wishes: () => this.wishes(),
      message: (message, transport) => this.onMessage(message, transport),
      changed: () => this.tellStatus(),
    });
  }

  subscribe(request: SubscribeRequest, listener: RoomListener): Subscription {
    const reader: Reader = { request, window: request.window ?? DEFAULT_WINDOW, listener, rooms: new Set() };
    const hadWish = this.hasWish(request.room);
    this.readers.add(reader);
    this.failures.delete(request.room);
    if (!hadWish || !this.serveFromHeld(reader)) this.ask(request.room);
    queueMicrotask(() => this.readers.has(reader) && listener.status(this.statusOf(reader)));
    return { close: () => this.close(reader) };
  }

  status(): FeedStatus {
    return this.line.status;
  }

  registerPanel(read: () => PanelStatistics): () => void {
    this.panels.add(read);
    return () => this.panels.delete(read);
  }

  statistics(): { transport: string | null; panels: PanelStatistics[] } {
    return { transport: this.line.status.transport, panels: [...this.panels].map((read) => read()) };
  }

  private close(reader: Reader): void {
    this.readers.delete(reader);
    const { room } = reader.request;
    if (this.hasWish(room)) return;
    this.line.unsubscribe(room);
    for (const name of this.rooms.keys()) if (![...this.wanted()].some((wish) => matches(wish, name))) this.rooms.delete(name);
  }

  // Wishes

  private hasWish(room: string): boolean {
    return [...this.readers].some((reader) => reader.request.room === room);
  }

  private wanted(): Set<string> {
    return new Set(Array.from(this.readers, (reader) => reader.request.room));
  }

  private wishes(): Wish[] {
    return Array.from(this.wanted(), (room) => this.wishOf(room));
  }

  private wishOf(room: string): Wish {
    const readers = [...this.readers].filter((reader) => reader.request.room === room);
    const first = readers[0]!.request;
    return {
      room,
      window: Math.max(...readers.map((reader) => reader.window)),
      mode: first.mode ?? "all",
      maxHz: first.maxHz ?? null,
      start: () => ({ word: first.since ?? "snapshot", entries: this.entriesOf(room) }),
    };
  }

  private entriesOf(room: string): string[] {
    const covered = isGlob(room) ? [...this.rooms.values()].filter(({ name }) => matches(room, name)) : [this.rooms.get(room)];
    return covered.map((reader) => reader?.entry ?? null).filter((entry) => entry !== null);
  }

  private ask(room: string): void {
    this.line.subscribe(this.wishOf(room));
  }

  /** A panel that comes later gets the state from what is held. False: more has to be asked for. */
  private serveFromHeld(reader: Reader): boolean {
    const { room } = reader.request;
    const covered = [...this.rooms.values()].filter(({ name }) => matches(room, name));
    for (const held of covered) {
      if (held.isWaiting) continue;
      const batch = held.hasState ? held.held.snapshot(reader.window) : null;
      if (batch === null) {
        held.forget();
        return false;
      }
      reader.rooms.add(held.name);
      queueMicrotask(() => this.readers.has(reader) && reader.listener.snapshot(batch));
    }
    return true;
  }

  // Messages

  private onMessage(message: HubMessage, transport: TransportName): void {
    switch (message.op) {
      case "subscribed":
        if (isGlob(message.room)) return;
        this.room(message.room).onSubscribed(message, this.isStateComing(message.room));
        this.tellStatus(message.room);
        return;
      case "columns": {
        const room = this.room(message.batch.room);
        let step = room.onColumns(message);
        const isLateComm = transport === "comm" && !room.hasState && step.kind !== "append" && step.kind !== "snapshot";
        if (isLateComm) step = room.takeAsState(message);
        this.follow(room, step);
        return;
      }
      case "snapshot":
        this.follow(this.room(message.batch.room), this.room(message.batch.room).onSnapshot(message));
        return;
      case "gap":
        this.follow(this.room(message.room), this.room(message.room).onGap(message));
        return;
      case "notice":
        this.room(message.room).publisherDropped = message.dropped;
        this.tellStatus(message.room);
        return;
      case "error":
        if (message.room !== null) {
          this.failures.set(message.room, message.message);
          this.tellStatus(message.room);
        }
        return;
      case "bye":
      case "pong":
    }
  }

  private isStateComing(room: string): boolean {
    for (const reader of this.readers) {
      if (matches(reader.request.room, room)) return (reader.request.since ?? "snapshot") === "snapshot";
    }
    return true;
  }

  private room(name: string): RoomReader {
    let room = this.rooms.get(name);
    if (!room) {
      room = new RoomReader(name);
      this.rooms.set(name, room);
    }
    room.window = Math.max(DEFAULT_WINDOW, ...this.readersOf(name).map((reader) => reader.window));
    return room;
  }

  private readersOf(name: string): Reader[] {
    return [...this.readers].filter((reader) => matches(reader.request.room, name));
  }

  private follow(room: RoomReader, step: Step): void {
    if (step.kind === "nothing") return;
    if (step.kind === "ask") {
      for (const wish of this.wanted()) if (matches(wish, room.name)) this.ask(wish);
      return;
    }
    for (const reader of this.readersOf(room.name)) {
      if (step.kind === "gap") {
        const { reason, from, to } = step.message;
        reader.listener.gap({ reason, ...(from !== null && { from }), ...(to !== null && { to }) });
        continue;
      }
      if (step.skipped > 0) reader.listener.skipped(step.skipped);
      const isFirst = !reader.rooms.has(room.name);
      reader.rooms.add(room.name);
      if (step.kind === "snapshot") reader.listener.snapshot(step.batch);
      else if (isFirst) reader.listener.snapshot(room.held.snapshot(reader.window) ?? step.batch);
      else reader.listener.append(step.batch);
      if (isFirst) reader.listener.status(this.statusOf(reader));
    }
  }

  // Status

  private tellStatus(room?: string): void {
    for (const reader of this.readers) {
      if (room === undefined || matches(reader.request.room, room)) reader.listener.status(this.statusOf(reader));
    }
  }

  private statusOf(reader: Reader): FeedStatus {
    const status = this.line.status;
    const failure = this.failures.get(reader.request.room);
    if (failure !== undefined) return { ...status, state: "failed", reason: failure, fix: "check the room's name and your rights" };
    const covered = [...this.rooms.values()].filter(({ name }) => matches(reader.request.room, name));
    const publisherDropped = covered.reduce((sum, room) => sum + room.publisherDropped, 0);
    const isWaiting = status.state === "live" && reader.rooms.size === 0 && !covered.some((room) => room.hasState);
    return { ...status, ...(isWaiting && { state: "waiting" as const }), ...(publisherDropped > 0 && { publisherDropped }) };
  }
}
