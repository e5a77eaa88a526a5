// Reading HTTP answers: why one is no feed, in the server's words where it has some, and positions that stand in a cursor.
import type { HubMessage } from "../wire/messages.ts";
import { isGlob } from "../wire/names.ts";
import { parseCursor } from "../wire/position.ts";
import { fieldsOf } from "../wire/values.ts";
import type { End, Wish } from "./contract.ts";

const MAX_DETAIL_CHARACTERS = 300;

/** Null where the answer is what was asked for. */
export async function whyRefused(response: Response, mimeType: string): Promise<End | null> {
  const type = response.headers.get("Content-Type") ?? "no content type";
  if (response.ok && type.toLowerCase().startsWith(mimeType)) return null;
  const retryAfterS = Number(response.headers.get("Retry-After") ?? NaN);
  const message = await errorMessage(response);
  const detail = message ?? `the server answered ${response.status} with ${type}`;
  return { status: response.status, detail, ...(message !== null && { isFromHub: true }), ...(retryAfterS >= 0 && { retryAfterS }) };
}

/** The body as it comes, until it ends or `signal` says that nobody wants it. */
export async function* piecesOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = response.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || signal.aborted) return;
    yield value;
  }
}

/** `{"error": {"message": "…"}}`, if that is what the body says. */
async function errorMessage(response: Response): Promise<string | null> {
  try {
    const body = (await response.json()) as { error?: { message?: unknown } } | null;
    const message = body?.error?.message;
    return typeof message === "string" ? message.slice(0, MAX_DETAIL_CHARACTERS) : null;
  } catch {
    return null; // a proxy's page, or a body that was cut: the status tells enough
  }
}

/**
 * On HTTP nothing is answered to a subscription; the cursor says the same: where the reader stands in each room. `keys` is what the server told
 * of keyed rooms.
 */
export function subscribedOf(cursor: string, wishes: Iterable<Wish>, keys: unknown): HubMessage[] {
  const messages: HubMessage[] = [];
  for (const { room } of wishes) {
    if (isGlob(room)) messages.push({ op: "subscribed", room, epoch: "0", offset: 0, recovered: true, key: null });
  }
  const told = keysOf(keys);
  for (const [room, { epoch, offset }] of parseCursor(cursor) ?? []) {
    messages.push({ op: "subscribed", room, epoch, offset, recovered: true, key: told.get(room) ?? null });
  }
  return messages;
}

/** The keys of rooms: of those that have one, though no cursor has a room whose state is still owed, and of all `others`. */
export function keyedOf(keys: unknown, others: readonly HubMessage[] = []): HubMessage[] {
  const told = new Map<string, string | null>(keysOf(keys));
  for (const message of others) if (message.op === "subscribed" && !isGlob(message.room)) told.set(message.room, message.key);
  return Array.from(told, ([room, key]) => ({ op: "keyed", room, key }));
}

function keysOf(raw: unknown): ReadonlyMap<string, string> {
  return new Map(Object.entries(fieldsOf(raw ?? {}, "the keys of an answer")).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}
