import assert from "node:assert/strict";
import { test } from "node:test";
import { Malformed } from "../../src/wire/malformed.ts";
import { messageOf } from "../../src/wire/messages.ts";

test("each message of the protocol is read", () => {
  assert.deepEqual(messageOf({ op: "subscribed", room: "train", epoch: "k3x9", offset: 41, recovered: true }), {
    op: "subscribed", room: "train", epoch: "k3x9", offset: 41, recovered: true, key: null,
  });
  const keyed = { op: "subscribed", room: "prices", epoch: "k3x9", offset: 41, recovered: true, key: "symbol" };
  assert.deepEqual(messageOf(keyed), keyed);
  assert.deepEqual(messageOf({ op: "keyed", room: "prices", key: "symbol" }), { op: "keyed", room: "prices", key: "symbol" });
  assert.deepEqual(messageOf({ op: "keyed", room: "prices" }), { op: "keyed", room: "prices", key: null });
  assert.deepEqual(messageOf({ op: "gap", room: "train", reason: "trimmed", from: 42, to: 90 }), {
    op: "gap", room: "train", reason: "trimmed", from: 42, to: 90,
  });
  assert.deepEqual(messageOf({ op: "gap", room: "train", reason: "epoch" }), { op: "gap", room: "train", reason: "epoch", from: null, to: null });
  assert.deepEqual(messageOf({ op: "bye", reason: "draining", retry_after_s: 2.4 }), { op: "bye", reason: "draining", retryAfterS: 2.4 });
  assert.deepEqual(messageOf({ op: "bye", reason: "revoked" }), { op: "bye", reason: "revoked", retryAfterS: null });
  assert.deepEqual(messageOf({ op: "pong" }), { op: "pong" });
  assert.deepEqual(messageOf({ op: "notice", room: "train", publisher: "p1", dropped: 3 }), { op: "notice", room: "train", publisher: "p1", dropped: 3 });
  assert.deepEqual(messageOf({ op: "failing", room: "train", sources: { read: "OSError" } }), { op: "failing", room: "train", sources: new Map([["read", "OSError"]]) });
  assert.deepEqual(messageOf({ op: "degraded", reason: "the broker is away" }), { op: "degraded", reason: "the broker is away" });
  assert.deepEqual(messageOf({ op: "degraded", reason: "" }), { op: "degraded", reason: "" });
  for (const well of [{ op: "degraded" }, { op: "degraded", reason: null }]) assert.deepEqual(messageOf(well), { op: "degraded", reason: null });
  assert.deepEqual(messageOf({ op: "error", code: "not_found", message: "no", room: "x" }), { op: "error", code: "not_found", message: "no", room: "x" });
});

test("what a newer hub may say is passed over", () => {
  for (const op of ["presence", "published", "someday", undefined, 5]) assert.equal(messageOf({ op }), null);
});

const COLUMNS = { op: "columns", room: "train", epoch: "k3x9", offset: 2, count: 1, times: [5], columns: {} };
const REFUSED: readonly (readonly [string, unknown])[] = [
  ["a list", []],
  ["nothing", null],
  ["a text", "columns"],
  ["no room", { ...COLUMNS, room: undefined }],
  ["a room that is none", { ...COLUMNS, room: "<img>" }],
  ["an epoch that is none", { ...COLUMNS, epoch: "K!" }],
  ["a negative offset", { ...COLUMNS, offset: -1 }],
  ["an offset beyond 2^53", { ...COLUMNS, offset: "9007199254740993" }],
  ["half a record", { ...COLUMNS, count: 0.5 }],
  ["a count that its times do not have", { ...COLUMNS, count: 2 }],
  ["a count of billions", { ...COLUMNS, count: 4e9 }],
  ["columns in a list", { ...COLUMNS, columns: [] }],
  ["skipped that is no count", { ...COLUMNS, skipped: "7" }],
  ["a failure that is no text", { op: "failing", room: "train", sources: { read: 5 } }],
  ["a reason that is no text", { op: "degraded", reason: true }],
  ["a gap without a reason", { op: "gap", room: "train" }],
];

for (const [what, raw] of REFUSED) {
  test(`a message with ${what} is malformed`, () => assert.throws(() => messageOf(raw), Malformed));
}
