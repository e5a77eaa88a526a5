import assert from "node:assert/strict";
import { test } from "node:test";
import { formatCursor, formatPosition, isEpoch, MAX_CURSOR_BYTES, parseCursor } from "../../src/wire/position.ts";

test("a cursor is written and read back", () => {
  const positions = new Map([["train", { epoch: "k3x9", offset: 41 }], ["lab-3.door", { epoch: "0", offset: 0 }]]);
  const text = formatCursor(Array.from(positions, ([room, position]) => formatPosition(room, position)));
  assert.equal(text, "train:k3x9-41,lab-3.door:0-0");
  assert.deepEqual(parseCursor(text), positions);
});

test("a text that is no cursor is none", () => {
  const texts = ["", "train", "train:", "train:k3x9", "train:K-1", "train:k--1", "train:k-1,", "a b:k-1", "train:k-99999999999999999", "open:k-1", "train:k-9999999999999999"];
  for (const text of texts) assert.equal(parseCursor(text), null, text);
  assert.equal(parseCursor("a:b-1,".repeat(2000)), null);
});

test("a cursor ends before the entry that would make it too long", () => {
  const entries = Array.from({ length: 100 }, (_, index) => formatPosition(`${"r".repeat(100)}${index}`, { epoch: "k3x9", offset: index }));
  const cursor = formatCursor(entries);
  assert.ok(cursor.length <= MAX_CURSOR_BYTES && cursor.length > MAX_CURSOR_BYTES - 200);
  assert.ok(parseCursor(cursor));
});

test("epochs are short and in small letters and digits", () => {
  assert.ok(isEpoch("0") && isEpoch("k3x9") && isEpoch("a".repeat(16)));
  assert.ok(!isEpoch("") && !isEpoch("K") && !isEpoch("a".repeat(17)) && !isEpoch("a-b"));
});
