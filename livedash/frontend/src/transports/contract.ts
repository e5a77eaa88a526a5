// What each transport promises to the client, and what it needs of the page; what to do when one ends is decided in client/line.ts.
import type { HubMessage, Mode } from "../wire/messages.ts";

export type TransportName = "websocket" | "sse" | "longpoll" | "comm";

/** Where to start in a room or in the rooms of a glob. */
export interface Start {
  /** "now", "earliest", "-N" or "snapshot": for rooms without an entry. */
  readonly word: string;
  /** `room:epoch-offset` of each room that goes on where it was. */
  readonly entries: readonly string[];
}

/** One room or glob, as the client wants to read it now. */
export interface Wish {
  readonly room: string;
  readonly window: number | null;
  readonly mode: Mode;
  readonly maxHz: number | null;
  /** Asked anew for each request, so that it goes on behind the last message that was handed out. */
  start(): Start;
}

/** How a connection ended, as far as the page can tell. */
export interface End {
  /** A WebSocket's close code. */
  readonly closeCode?: number;
  /** An HTTP answer that was no feed. */
  readonly status?: number;
  /** That answer was an error in the hub's own form: no proxy in between gave it. */
  readonly isFromHub?: boolean;
  /** The server's wish: not before so many seconds. */
  readonly retryAfterS?: number;
  /** For people who look for the cause. */
  readonly detail: string;
}

/**
 * Calls come from the page's event loop, never from inside `connect`, `subscribe`, `unsubscribe`, `ping` or `close`. Messages come in the
 * order in which the hub sent them. After `ended`, or after `close`, no call comes.
 */
export interface ConnectionEvents {
  /** Bytes of the feed have come: a message, a pong, a comment, a poll's answer. Headers and handshakes do not count: proxies let them
   *  through and hold back what follows. Comes before the `message` that the bytes carried. */
  alive(): void;
  message(message: HubMessage): void;
  ended(end: End): void;
}

export interface Connection {
  /** Reads one room more, or one that is read already from its `start` again. */
  subscribe(wish: Wish): void;
  unsubscribe(room: string): void;
  /** Has the hub answer, where the transport can ask; bytes then come within moments. */
  ping(): void;
  close(): void;
}

export interface Transport {
  readonly name: TransportName;
  /** False for comm: a kernel that runs a cell does not answer before the cell has ended, and there is no other way to it. */
  readonly isJudgedBySilence: boolean;
  /** Begins to connect, and reads `wishes` as soon as it can. Never throws for what the network does. */
  connect(wishes: Iterable<Wish>, events: ConnectionEvents): Connection;
}

/** The page's time, so that tests have their own. */
export interface Clock {
  /** ms, of a clock that nobody sets: only differences mean something. It may stand still while the machine sleeps. */
  now(): number;
  /** ms since 1970, as far as the machine knows: it may jump, either way. */
  wallMs(): number;
  /** Answers how to cancel it. */
  after(ms: number, callback: () => void): () => void;
}

/** A server's feed by HTTP, with what the page's login needs already in each request. */
export interface Requests {
  /** `path` is relative to …/livedash/. */
  get(path: string, options: { readonly params?: URLSearchParams; readonly headers?: Record<string, string>; readonly signal: AbortSignal }): Promise<Response>;
  /** The absolute ws: or wss: URL of `path`. */
  socketUrl(path: string): string;
}
