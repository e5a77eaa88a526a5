// What a panel and its host see of the client. The client's own parts are beside it: client.ts, subscription.ts, ladder.ts.
import type { Batch } from "../wire/batch.ts";

export type FeedState =
  | "connecting"
  | "waiting" // the room is unknown yet: it exists from its first record
  | "live"
  | "reconnecting"
  | "stale" // connected, but not a byte has come from the server for a while
  | "failed"
  | "ended";

export interface FeedStatus {
  readonly state: FeedState;
  /** "websocket", "sse", "longpoll" or "comm"; null before one works. */
  readonly transport: string | null;
  readonly reason?: string;
  readonly fix?: string;
  /** When this state began, in ms of `performance.now()`. For "stale": when the last byte came. */
  readonly sinceMs: number;
  readonly retryInS?: number;
  /** Records that the room's publishers lost from their buffers, in all. */
  readonly publisherDropped?: number;
  /** Why the hub that is connected can't do all that it should now ("" where this reader is not told); none: it can. */
  readonly degraded?: string;
  /** The rooms' sources that fail now, and with what ("" where this reader is not told). */
  readonly failing?: readonly FailingSource[];
}

export interface FailingSource {
  readonly name: string;
  readonly error: string;
}

export interface Gap {
  readonly reason: string;
  /** The first and last missing offset. */
  readonly from?: number;
  readonly to?: number;
}

/**
 * Calls come in order and never twice for a record: first `status`, then a `snapshot`, then `append`s whose offsets go on where the last call
 * ended, or a `gap`, which a `snapshot` follows. A listener of a glob gets the same for each real room, named by `batch.room`.
 */
export interface RoomListener {
  /**
   * Replaces all that is held of `batch.room`; `count` may be 0. Where the room is a keyed one, `key` is its field, also of the `append`s that
   * follow; a snapshot may then hold several records of a key, of which the last one counts (see keyed_rows.ts).
   */
  snapshot(batch: Batch, key: string | null): void;
  append(batch: Batch): void;
  gap(gap: Gap): void;
  status(status: FeedStatus): void;
  /** `mode` or a key left out `count` records; that is no gap. */
  skipped(count: number): void;
}

export interface SubscribeRequest {
  /** A room's name, or a glob (`lab3.*`). */
  readonly room: string;
  /** "snapshot" unless told; else "now", "earliest", "-N" or a cursor. */
  readonly since?: string;
  /** How many records a snapshot holds. */
  readonly window?: number;
  readonly mode?: "all" | "latest" | "sample";
  readonly maxHz?: number;
}

export interface PanelStatistics {
  readonly room: string;
  /** Offset of the newest record that is on screen. */
  readonly painted_offset: number;
  readonly frames: number;
  readonly dropped: number;
  readonly state: string;
}

export interface Subscription {
  close(): void;
}

export interface Client {
  /** Never throws for what the network does. Listener calls come later, never from inside this call. */
  subscribe(request: SubscribeRequest, listener: RoomListener): Subscription;
  status(): FeedStatus;
  /** Adds a panel to `statistics()`; the answer takes it out again. */
  registerPanel(read: () => PanelStatistics): () => void;
  statistics(): { transport: string | null; panels: PanelStatistics[] };
}

/** The widget's comm: MessagePack messages as buffers. */
export interface CommChannel {
  send(message: Uint8Array): void;
  onMessage(listener: (message: Uint8Array) => void): () => void;
}

export interface Host {
  /** Absolute URL of …/livedash/ with its trailing slash; null: comm only. */
  readonly base: string | null;
  /** A link's key. */
  readonly key?: string;
  /** The page config's token. */
  readonly token?: string;
  readonly comm?: CommChannel;
}
