// Positions in rooms, and cursors: the positions of one reader in all its rooms, as one line of text.
import { isRoom } from "./names.ts";

/** The epoch of a room that does not exist yet: a reader that waits there gets offset 1 of whatever epoch begins. */
export const NO_EPOCH = "0";

/** The server refuses longer cursors: they travel in a header line. */
export const MAX_CURSOR_BYTES = 4096;

const EPOCH = /^[a-z0-9]{1,16}$/;
const ENTRY = /^([^:,]+):([a-z0-9]{1,16})-([0-9]{1,16})$/;

/** Never compare offsets across epochs. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

export const START: Position = { epoch: NO_EPOCH, offset: 0 };

export function isEpoch(text: string): boolean {
  return EPOCH.test(text);
}

export function formatPosition(room: string, position: Position): string {
  return `${room}:${position.epoch}-${position.offset}`;
}

/** As many entries as a cursor may hold. A room that is left out gets a snapshot, which is whole too, only larger. */
export function formatCursor(entries: Iterable<string>): string {
  let cursor = "";
  for (const entry of entries) {
    if (cursor.length + 1 + entry.length > MAX_CURSOR_BYTES) break;
    cursor += (cursor === "" ? "" : ",") + entry;
  }
  return cursor;
}

/** Null for what is no cursor. */
export function parseCursor(text: string): Map<string, Position> | null {
  if (text.length > MAX_CURSOR_BYTES) return null;
  const positions = new Map<string, Position>();
  for (const entry of text.split(",")) {
    const found = ENTRY.exec(entry);
    if (found === null) return null;
    const [, room, epoch, digits] = found as unknown as [string, string, string, string];
    const offset = Number(digits);
    if (!Number.isSafeInteger(offset) || !isRoom(room)) return null;
    positions.set(room, { epoch, offset });
  }
  return positions;
}
