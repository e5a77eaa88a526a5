// Who reads which rooms of one hub, and what that makes one wish per room or glob: panels of one room share it.
import type { Start, Wish } from "../transports/contract.ts";
import type { Mode } from "../wire/messages.ts";
import { matches } from "../wire/names.ts";
import type { FeedStatus, RoomListener, SubscribeRequest } from "./contract.ts";

export const DEFAULT_WINDOW = 10_000;
const STATE = "snapshot";

export interface Reader {
  readonly request: SubscribeRequest;
  readonly window: number;
  readonly listener: RoomListener;
  /** Rooms whose state this reader has. */
  readonly rooms: Set<string>;
  /** The last that it was told. */
  status: FeedStatus | null;
}

export class Readers {
  private readonly all = new Set<Reader>();

  add(request: SubscribeRequest, listener: RoomListener): Reader {
    const reader: Reader = { request, window: request.window ?? DEFAULT_WINDOW, listener, rooms: new Set(), status: null };
    this.all.add(reader);
    return reader;
  }

  delete(reader: Reader): boolean {
    return this.all.delete(reader);
  }

  has(reader: Reader): boolean {
    return this.all.has(reader);
  }

  get size(): number {
    return this.all.size;
  }

  [Symbol.iterator](): IterableIterator<Reader> {
    return [...this.all].values(); // a listener may close itself or others
  }

  /** Of a room or glob, as it was asked for. */
  asking(wish: string): Reader[] {
    return [...this.all].filter(({ request }) => request.room === wish);
  }

  covering(room: string): Reader[] {
    return [...this.all].filter(({ request }) => matches(request.room, room));
  }

  /** The rooms and globs that are asked for. */
  names(): Set<string> {
    return new Set(Array.from(this.all, ({ request }) => request.room));
  }

  window(readers: readonly Reader[]): number {
    return Math.max(1, ...readers.map((reader) => reader.window));
  }

  /** What serves all that ask for `room`: where their modes differ, all records; where their starts differ, the state. */
  wish(room: string, entries: () => readonly string[]): Wish {
    const readers = this.asking(room);
    const requests = readers.map(({ request }) => request);
    const rates = requests.map(({ maxHz }) => maxHz ?? Infinity);
    const maxHz = Math.max(...rates);
    return {
      room,
      window: this.window(readers),
      mode: agreed<Mode>(requests.map(({ mode }) => mode ?? "all")) ?? "all",
      maxHz: Number.isFinite(maxHz) ? maxHz : null,
      start: (): Start => startOf(this.word(room), entries()),
    };
  }

  /** True if a snapshot comes first in `room`. */
  startsWithState(room: string): boolean {
    return this.covering(room).every(({ request }) => this.word(request.room) === STATE);
  }

  private word(room: string): string {
    return agreed(this.asking(room).map(({ request }) => request.since ?? STATE)) ?? STATE;
  }
}

/** A reader may bring a cursor of its own, which counts until its rooms stand somewhere. */
function startOf(word: string, entries: readonly string[]): Start {
  if (!word.includes(":")) return { word, entries };
  return { word: STATE, entries: entries.length > 0 ? entries : word.split(",") };
}

function agreed<T>(values: readonly T[]): T | null {
  const first = values[0];
  return first !== undefined && values.every((value) => value === first) ? first : null;
}
