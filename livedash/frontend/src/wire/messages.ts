// The messages of the protocol that a viewer sends and gets, one type each. How they look as bytes is in json.ts and msgpack.ts.
import type { Batch } from "./batch.ts";
import type { Column } from "./column.ts";
import { Malformed } from "./malformed.ts";
import { isRoom } from "./names.ts";
import { isEpoch } from "./position.ts";
import { columnOf, fieldsOf, timesOf } from "./values.ts";

export type Mode = "all" | "latest" | "sample";

// To the hub

export interface Subscribe {
  readonly op: "subscribe";
  readonly room: string;
  readonly since: string;
  readonly shape: "columns";
  readonly mode: Mode;
  readonly max_hz: number | null;
  readonly window: number | null;
}

export interface Unsubscribe {
  readonly op: "unsubscribe";
  readonly room: string;
}

export interface Ping {
  readonly op: "ping";
}

export type ViewerMessage = Subscribe | Unsubscribe | Ping;

// From the hub

/** `offset` is where the reader stands; `recovered` is false where a gap follows. `room` is the glob for a glob's own answer. */
export interface Subscribed {
  readonly op: "subscribed";
  readonly room: string;
  readonly epoch: string;
  readonly offset: number;
  readonly recovered: boolean;
  /** The field that makes the room a keyed one. */
  readonly key: string | null;
}

/** The room's key is another one from now on; null: it has none. */
export interface Keyed {
  readonly op: "keyed";
  readonly room: string;
  readonly key: string | null;
}

/** What follows the reader's position; `skipped` counts what was left out before it. */
export interface Columns {
  readonly op: "columns";
  readonly batch: Batch;
  readonly skipped: number;
}

/** Replaces all that the reader holds of the room. */
export interface Snapshot {
  readonly op: "snapshot";
  readonly batch: Batch;
  readonly skipped: number;
}

export interface GapMessage {
  readonly op: "gap";
  readonly room: string;
  readonly reason: string;
  readonly from: number | null;
  readonly to: number | null;
}

export interface Notice {
  readonly op: "notice";
  readonly room: string;
  readonly publisher: string;
  readonly dropped: number;
}

/** The sources of a room that fail now, with what each one says ("" to a link's reader); none: all is well again. */
export interface Failing {
  readonly op: "failing";
  readonly room: string;
  readonly sources: ReadonlyMap<string, string>;
}

/** Of the connection: why the hub can't do all that it should ("" to a link's reader); null: it can again. */
export interface Degraded {
  readonly op: "degraded";
  readonly reason: string | null;
}

export interface ErrorMessage {
  readonly op: "error";
  readonly code: string;
  readonly message: string;
  readonly room: string | null;
}

export interface Bye {
  readonly op: "bye";
  readonly reason: string;
  readonly retryAfterS: number | null;
}

export interface Pong {
  readonly op: "pong";
}

export type HubMessage = Subscribed | Keyed | Columns | Snapshot | GapMessage | Notice | Failing | Degraded | ErrorMessage | Bye | Pong;

/** Null for an op that a viewer has no use for, or that a newer hub may have. Raises Malformed. */
export function messageOf(raw: unknown): HubMessage | null {
  const fields = fieldsOf(raw, "a message");
  switch (fields.op) {
    case "subscribed":
      return {
        op: "subscribed",
        room: text(fields.room, "room"),
        epoch: epoch(fields.epoch),
        offset: count(fields.offset, "offset"),
        recovered: fields.recovered !== false,
        key: optionalText(fields.key, "key"),
      };
    case "keyed":
      return { op: "keyed", room: room(fields.room), key: optionalText(fields.key, "key") };
    case "columns":
    case "snapshot":
      return { op: fields.op, batch: batchOf(fields), skipped: optionalCount(fields.skipped, "skipped") ?? 0 };
    case "gap":
      return {
        op: "gap",
        room: room(fields.room),
        reason: text(fields.reason, "reason"),
        from: optionalCount(fields.from, "from"),
        to: optionalCount(fields.to, "to"),
      };
    case "notice":
      return {
        op: "notice",
        room: room(fields.room),
        publisher: text(fields.publisher, "publisher"),
        dropped: count(fields.dropped, "dropped"),
      };
    case "failing":
      return { op: "failing", room: room(fields.room), sources: sourcesOf(fields.sources) };
    case "degraded":
      return { op: "degraded", reason: optionalText(fields.reason, "reason") };
    case "error":
      return {
        op: "error",
        code: text(fields.code, "code"),
        message: text(fields.message, "message"),
        room: typeof fields.room === "string" ? fields.room : null,
      };
    case "bye":
      return {
        op: "bye",
        reason: text(fields.reason, "reason"),
        retryAfterS: typeof fields.retry_after_s === "number" && fields.retry_after_s >= 0 ? fields.retry_after_s : null,
      };
    case "pong":
      return { op: "pong" };
    default:
      return null;
  }
}

function batchOf(fields: Record<string, unknown>): Batch {
  const rows = count(fields.count, "count");
  const columns = new Map<string, Column>();
  for (const [name, column] of Object.entries(fieldsOf(fields.columns, "columns"))) {
    columns.set(name, columnOf(column, rows, name));
  }
  return {
    room: room(fields.room),
    epoch: epoch(fields.epoch),
    offset: count(fields.offset, "offset"),
    count: rows,
    times: timesOf(fields.times, rows),
    columns,
  };
}

function sourcesOf(value: unknown): ReadonlyMap<string, string> {
  return new Map(Object.entries(fieldsOf(value, "the sources of a message")).map(([name, error]) => [name, text(error, "error")]));
}

function text(value: unknown, what: string): string {
  if (typeof value !== "string") throw new Malformed(`the ${what} of a message is no text`);
  return value;
}

function optionalText(value: unknown, what: string): string | null {
  return value === undefined || value === null ? null : text(value, what);
}

function room(value: unknown): string {
  const name = text(value, "room");
  if (!isRoom(name)) throw new Malformed("the room of a message has no room's name");
  return name;
}

function epoch(value: unknown): string {
  const name = text(value, "epoch");
  if (!isEpoch(name)) throw new Malformed("the epoch of a message is none");
  return name;
}

function count(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Malformed(`the ${what} of a message is no count`);
  return value as number;
}

function optionalCount(value: unknown, what: string): number | null {
  return value === undefined || value === null ? null : count(value, what);
}
