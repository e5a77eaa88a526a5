import assert from "node:assert/strict";
import { test } from "node:test";
import type { Batch } from "../../src/wire/batch.ts";
import { recordAt } from "../../src/wire/batch.ts";
import { join, slice, take } from "../../src/wire/join.ts";
import { messageOf } from "../../src/wire/messages.ts";

function batch(offset: number, count: number, columns: Record<string, unknown>): Batch {
  const times = Array.from({ length: count }, (_, row) => offset - count + 1 + row);
  const message = messageOf({ op: "columns", room: "train", epoch: "k3x9", offset, count, times, columns });
  assert.ok(message?.op === "columns");
  return message.batch;
}

function records(batch: Batch): Record<string, unknown>[] {
  return Array.from({ length: batch.count }, (_, row) => recordAt(batch, row));
}

const MIXED = batch(5, 5, {
  step: { type: "i8", values: [1, 2, 3, 4, 5] },
  loss: { type: "f8", values: [0.5, 0.25], absent: [0, 2, 4] },
  note: { type: "str", values: ["last"], absent: [0, 1, 2, 3] },
});

test("each cut of a batch has its rows, times and offset, and joined they are the batch again", () => {
  for (let cut = 1; cut < 5; cut++) {
    const [head, tail] = [slice(MIXED, 0, cut), slice(MIXED, cut, 5)];
    assert.deepEqual([head.offset, head.count, tail.offset, tail.count], [cut, cut, 5, 5 - cut]);
    assert.deepEqual([...tail.times], [...MIXED.times].slice(cut));
    assert.deepEqual([...records(head), ...records(tail)], records(MIXED));
    assert.deepEqual(records(join([head, tail])), records(MIXED));
    assert.deepEqual([...join([head, tail]).times], [...MIXED.times]);
  }
});

test("a cut leaves out columns that none of its rows has, and the whole is the batch itself", () => {
  assert.deepEqual([...slice(MIXED, 0, 1).columns.keys()], ["step"]);
  assert.equal(slice(MIXED, -3, 99), MIXED);
});

test("picked rows come in the order in which they were asked for, with their times, and only the columns that they have", () => {
  assert.deepEqual(records(take(MIXED, [4, 1])), [{ step: 5, note: "last" }, { step: 2, loss: 0.5 }]);
  assert.deepEqual([...take(MIXED, [4, 1]).times], [5, 2]);
  assert.deepEqual([...take(MIXED, [0]).columns.keys()], ["step"]);
  assert.equal(take(MIXED, []).count, 0);
});

test("a picked integer beyond 2^53 is exact", () => {
  const large = batch(2, 2, { id: { type: "i8", values: ["9007199254740993", 7] } });
  assert.deepEqual(records(take(large, [1, 0])), [{ id: 7 }, { id: "9007199254740993" }]);
});

test("a field that comes later or ends is absent elsewhere", () => {
  const joined = join([batch(1, 1, { a: { type: "f8", values: [1] } }), batch(2, 1, { b: { type: "f8", values: [2] } })]);
  assert.deepEqual(records(joined), [{ a: 1 }, { b: 2 }]);
});

const JOINED: readonly (readonly [string, unknown, unknown, string, readonly unknown[]])[] = [
  ["integers and floats", { type: "i8", values: [1] }, { type: "f8", values: [0.5] }, "f8", [1, 0.5]],
  ["integers, one of them large", { type: "i8", values: [1] }, { type: "i8", values: ["9007199254740993"] }, "i8", [1, "9007199254740993"]],
  ["a large integer and a float", { type: "i8", values: ["9007199254740993"] }, { type: "f8", values: [0.5] }, "json", ["9007199254740993", 0.5]],
  ["booleans and numbers", { type: "bool", values: [true] }, { type: "f8", values: [0.5] }, "json", [true, 0.5]],
  ["texts and lists", { type: "str", values: ["a"] }, { type: "json", values: [[1, [2]]] }, "json", ["a", [1, [2]]]],
  ["times and texts", { type: "time", values: [1_764_000_000_000_000], unit: "us" }, { type: "str", values: ["a"] }, "json", ["2025-11-24T16:00:00.000Z", "a"]],
  ["times of two units", { type: "time", values: [1_764_000_000], unit: "s" }, { type: "time", values: [1_764_000_000_000], unit: "ms" }, "time", [1_764_000_000_000, 1_764_000_000_000]],
  ["a time beyond what dates hold", { type: "time", values: [9e15], unit: "s" }, { type: "str", values: ["a"] }, "json", [null, "a"]],
];

for (const [what, first, second, type, values] of JOINED) {
  test(`${what} join to ${type}`, () => {
    const joined = join([batch(1, 1, { x: first }), batch(2, 1, { x: second })]);
    assert.equal(joined.columns.get("x")?.type, type);
    assert.deepEqual(records(joined).map(({ x }) => x), values);
  });
}
