import assert from "node:assert/strict";
import { test } from "node:test";
import { HeldRecords } from "../../src/client/held.ts";
import { batch, values } from "./fakes.ts";

function offsets(held: HeldRecords, window: number): number[] | null {
  const snapshot = held.snapshot(window);
  return snapshot && values(snapshot);
}

test("the last records of what came, as many as are wanted", () => {
  const held = new HeldRecords();
  held.replace(batch(1, 3), true);
  held.append(batch(4, 6), 10);
  assert.deepEqual(offsets(held, 10), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(offsets(held, 4), [3, 4, 5, 6]);
  assert.equal(held.snapshot(4)?.offset, 6);
  held.append(batch(7, 7), 10);
  assert.deepEqual(offsets(held, 2), [6, 7]);
});

test("more than is held is not made up", () => {
  const held = new HeldRecords();
  assert.equal(held.snapshot(1), null);
  held.replace(batch(8, 9), false);
  assert.deepEqual(offsets(held, 2), [8, 9]);
  assert.equal(held.snapshot(3), null);
  held.append(batch(10, 10), 2);
  assert.deepEqual(offsets(held, 3), [8, 9, 10]);
});

test("all of a small room serves any window, until some of it has gone", () => {
  const held = new HeldRecords();
  held.replace(batch(1, 2), true);
  assert.deepEqual(offsets(held, 1000), [1, 2]);
  held.append(batch(3, 5), 3);
  assert.equal(held.snapshot(1000), null);
  assert.deepEqual(offsets(held, 3), [3, 4, 5]);
});

test("an empty state is held too", () => {
  const held = new HeldRecords();
  held.replace(batch(1, 0), true);
  assert.deepEqual(offsets(held, 10), []);
});

test("many small batches cost few, and no more than twice the window is kept", () => {
  const held = new HeldRecords();
  held.replace(batch(1, 1), true);
  for (let offset = 2; offset <= 20_000; offset++) held.append(batch(offset, offset), 1000);
  const { pieces, records } = held.statistics();
  assert.ok(pieces < 100, `${pieces} pieces`);
  assert.ok(records >= 1000 && records < 2000, `${records} records`);
  assert.deepEqual(offsets(held, 1000), Array.from({ length: 1000 }, (_, index) => 19_001 + index));
});

test("what was cleared is gone", () => {
  const held = new HeldRecords();
  held.replace(batch(1, 3), true);
  held.clear();
  assert.equal(held.snapshot(1), null);
});
