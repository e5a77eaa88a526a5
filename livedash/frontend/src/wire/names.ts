// Names of rooms and the globs that read families of them, by the same rules as livedash/wire/names.py.

const MAX_CHARACTERS = 128;
const ROOM = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const GLOB = /^[A-Za-z0-9_*-]+(?:\.[A-Za-z0-9_*-]+)*$/;
const RESERVED = /^(?:open|error|message|livedash(?:\..*)?)$/; // EventSource's own events: a room is an event's name on SSE

export function isRoom(name: string): boolean {
  return name.length <= MAX_CHARACTERS && ROOM.test(name) && !RESERVED.test(name);
}

export function isGlob(name: string): boolean {
  return name.includes("*") && name.length <= MAX_CHARACTERS && GLOB.test(name);
}

/** True if `pattern`, a room or a glob, covers the room. `*` matches dots too. */
export function matches(pattern: string, room: string): boolean {
  if (pattern === room) return true;
  if (!pattern.includes("*")) return false;
  const parts = pattern.split("*");
  const first = parts[0]!;
  const last = parts[parts.length - 1]!;
  if (room.length < first.length + last.length || !room.startsWith(first) || !room.endsWith(last)) return false;
  // Leftmost matches suffice, and no regular expression is built from a name: `*a*a*a*` would make one backtrack for ages.
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = room.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= room.length - last.length;
}
