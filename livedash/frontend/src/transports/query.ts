// What `feed` and `poll` are asked, which read a fixed set of rooms with one set of options per request.
import type { HubMessage, Mode } from "../wire/messages.ts";
import { formatCursor } from "../wire/position.ts";
import type { Wish } from "./contract.ts";

/** The server refuses more in one request. */
export const MAX_ROOMS = 50;

export interface Query {
  readonly params: URLSearchParams;
  /** Empty where all rooms are new. */
  readonly cursor: string;
}

/**
 * Where wishes differ, the request asks for what serves all: mode `all`, the highest rate, the largest window. Rooms without an entry in the
 * cursor start at `since`, which is "snapshot" where their own words differ, or where there is a cursor: more than some asked for, never less.
 */
export function queryOf(wishes: readonly Wish[]): Query {
  const starts = wishes.map((wish) => wish.start());
  const params = new URLSearchParams(wishes.map((wish): [string, string] => ["room", wish.room]));
  params.set("shape", "columns");
  const cursor = formatCursor(starts.flatMap((start) => start.entries));
  params.set("since", (cursor === "" ? agreed(starts.map((start) => start.word)) : null) ?? "snapshot");
  const mode: Mode = agreed(wishes.map((wish) => wish.mode)) ?? "all";
  if (mode !== "all") params.set("mode", mode);
  const maxHz = largestUnlessNull(wishes.map((wish) => wish.maxHz));
  if (maxHz !== null) params.set("max_hz", String(maxHz));
  const windows = wishes.flatMap((wish) => wish.window ?? []);
  if (windows.length > 0) params.set("window", String(Math.max(...windows)));
  return { params, cursor };
}

/** What the client is told about the rooms that a request has no place for. */
export function tooMany(wish: Wish): HubMessage {
  const message = `without a WebSocket, a page reads ${MAX_ROOMS} rooms at most; use a glob such as lab3.*, or let WebSockets through`;
  return { op: "error", code: "limit_reached", message, room: wish.room };
}

function agreed<T>(values: readonly T[]): T | null {
  const first = values[0];
  return first !== undefined && values.every((value) => value === first) ? first : null;
}

/** Null, where one of them is: no bound. */
function largestUnlessNull(values: readonly (number | null)[]): number | null {
  let largest: number | null = null;
  for (const value of values) {
    if (value === null) return null;
    largest = Math.max(largest ?? 0, value);
  }
  return largest;
}
