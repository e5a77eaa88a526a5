import assert from "node:assert/strict";
import { test } from "node:test";
import { RoomReader } from "../../src/client/room.ts";
import type { GapMessage } from "../../src/wire/messages.ts";
import { batch, columns, snapshot, subscribed, values } from "./fakes.ts";

const GAP: GapMessage = { op: "gap", room: "train", reason: "trimmed", from: 1, to: 4 };

/** A room whose state, records 1 to 3, has come. */
function reading(): RoomReader {
  const room = new RoomReader("train");
  room.window = 100;
  room.onSubscribed(subscribed(3), true);
  room.onSnapshot(snapshot(1, 3));
  return room;
}

function told(room: RoomReader, first: number, last: number, epoch?: string, skipped = 0): string {
  const step = room.onColumns({ ...columns(first, last, "train", epoch), skipped });
  return "batch" in step ? `${step.kind} ${values(step.batch).join(" ")}` : step.kind;
}

test("records that follow are handed out, and the cursor is behind them", () => {
  const room = reading();
  assert.equal(told(room, 4, 5), "append 4 5");
  assert.equal(room.entry, "train:k3x9-5");
});

test("records that were handed out before are not again", () => {
  const room = reading();
  assert.equal(told(room, 1, 3), "nothing");
  assert.equal(told(room, 2, 5), "append 4 5");
  assert.equal(told(room, 5, 5), "nothing");
});

test("a hole is asked for once, until an answer comes", () => {
  const room = reading();
  assert.equal(told(room, 5, 6), "ask");
  assert.equal(told(room, 7, 7), "missing");
  assert.equal(room.entry, "train:k3x9-3");
  room.onSubscribed(subscribed(3), true);
  assert.equal(told(room, 4, 7), "append 4 5 6 7");
});

test("where a cursor does not help, the state does", () => {
  const room = reading();
  assert.equal(told(room, 5, 6), "ask");
  room.onSubscribed(subscribed(3), true);
  assert.equal(told(room, 7, 7), "ask");
  assert.equal(room.entry, null);
});

test("what was left out is no hole", () => {
  const room = reading();
  assert.equal(told(room, 10, 10, undefined, 6), "append 10");
  assert.equal(told(room, 12, 12, undefined, 0), "ask");
});

test("records of another epoch never follow", () => {
  const room = reading();
  assert.equal(told(room, 4, 4, "new1"), "ask");
});

test("where the hub goes on under another epoch, what follows does too", () => {
  const room = reading();
  room.onSubscribed(subscribed(3, "train", "new1"), true);
  assert.equal(room.entry, "train:new1-3");
  assert.equal(told(room, 4, 4, "new1"), "append 4");
});

test("another epoch at another place does not go on here", () => {
  const room = reading();
  room.onSubscribed(subscribed(2, "train", "new1"), true);
  room.onSubscribed({ ...subscribed(3, "train", "new1"), recovered: false }, true);
  assert.equal(room.entry, "train:k3x9-3");
  assert.equal(told(room, 4, 4, "new1"), "ask");
});

test("a gap keeps the cursor until the state that follows it", () => {
  const room = reading();
  assert.deepEqual(room.onGap(GAP), { kind: "gap", message: GAP });
  assert.equal(room.entry, "train:k3x9-3");
  assert.equal(room.held.snapshot(1), null);
  room.onSnapshot(snapshot(8, 9, "train", "new1"));
  assert.equal(room.entry, "train:new1-9");
  assert.equal(told(room, 10, 10, "new1"), "append 10");
});

test("a state that nobody waited for does not lead back", () => {
  const room = reading();
  told(room, 4, 6);
  assert.equal(room.onSnapshot(snapshot(1, 5)).kind, "nothing");
  assert.equal(told(room, 7, 7), "append 7");
});

test("before its first record a room waits, and that record is its state", () => {
  const room = new RoomReader("train");
  room.onSubscribed(subscribed(0, "train", "0"), true);
  assert.ok(room.isWaiting);
  assert.equal(room.entry, "train:0-0");
  assert.equal(told(room, 1, 2), "snapshot 1 2");
  assert.ok(!room.isWaiting);
});

test("a room that is deleted waits again", () => {
  const room = reading();
  room.onGap({ ...GAP, reason: "deleted" });
  room.onSnapshot({ op: "snapshot", batch: { ...batch(1, 0), epoch: "0", offset: 0 }, skipped: 0 });
  assert.ok(room.isWaiting);
  assert.equal(told(room, 1, 1, "new1"), "snapshot 1");
});

test("without a state first, records begin where the hub said", () => {
  const room = new RoomReader("train");
  room.onSubscribed(subscribed(41), false);
  assert.equal(room.entry, "train:k3x9-41");
  assert.equal(told(room, 42, 43), "append 42 43");
});

test("while the state is on its way, nothing moves the cursor", () => {
  const room = new RoomReader("train");
  room.onSubscribed(subscribed(41), true);
  assert.equal(room.entry, null);
  assert.equal(told(room, 44, 45), "ask");
});

test("what a publisher lost is told in all, so the last number counts", () => {
  const room = reading();
  room.onNotice({ op: "notice", room: "train", publisher: "a", dropped: 3 });
  room.onNotice({ op: "notice", room: "train", publisher: "a", dropped: 5 });
  room.onNotice({ op: "notice", room: "train", publisher: "b", dropped: 1 });
  assert.equal(room.publisherDropped, 6);
});

test("of a keyed room the latest record per key is held, whatever the window", () => {
  const room = new RoomReader("train");
  room.window = 1;
  room.onSubscribed(subscribed(3, "train", "k3x9", "n"), true);
  room.onSnapshot(snapshot(1, 3));
  assert.equal(told(room, 4, 5), "append 4 5");
  assert.equal(room.held.snapshot(1)?.count, 5);
});

test("a key that a room gets before its first record makes that the begin of a state", () => {
  const room = new RoomReader("train");
  room.onSubscribed(subscribed(0), true);
  room.onSnapshot(snapshot(1, 0));
  room.onKey("n");
  assert.equal(told(room, 1, 2), "snapshot 1 2");
  assert.equal(told(room, 3, 3), "append 3");
  assert.equal(room.held.snapshot(1)?.count, 3);
  room.onKey("n");
  assert.equal(told(room, 4, 4), "append 4");
});

test("a hub that began anew, and gets the room back from its publisher, goes on with the key that it tells then", () => {
  const room = new RoomReader("train");
  room.window = 100;
  room.onSubscribed(subscribed(3, "train", "k3x9", "n"), true);
  room.onSnapshot(snapshot(1, 3));
  room.asked();
  room.onSubscribed(subscribed(3), true);
  room.onKey("n");
  assert.equal(told(room, 4, 4), "append 4");
  assert.equal(room.held.snapshot(1)?.count, 4);
});
