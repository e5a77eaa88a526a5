import assert from "node:assert/strict";
import { test } from "node:test";
import type { Batch } from "../../src/wire/batch.ts";
import { cell, dense, presentIndex, recordAt } from "../../src/wire/batch.ts";
import type { Column } from "../../src/wire/column.ts";

test("a row's place among the present ones", () => {
  assert.deepEqual([0, 1, 2, 3, 4].map((row) => presentIndex([1, 3], row)), [0, -1, 1, -1, 2]);
  assert.equal(presentIndex([], 7), 7);
});

test("dense numbers have NaN where the field is absent", () => {
  assert.deepEqual([...dense({ type: "f8", absent: [0, 2], values: Float64Array.of(1, 2) }, 4)], [NaN, 1, NaN, 2]);
  assert.deepEqual([...dense({ type: "str", absent: [], values: ["1"] }, 1)], [NaN]);
  const whole: Column = { type: "f8", absent: [], values: Float64Array.of(1, 2) };
  assert.equal(dense(whole, 2), whole.values);
});

test("cells of each type", () => {
  const cells = (column: Column, count: number): unknown[] => Array.from({ length: count }, (_, row) => cell(column, row));
  assert.deepEqual(cells({ type: "bool", absent: [1], values: Float64Array.of(1, 0, NaN) }, 4), [true, undefined, false, null]);
  assert.deepEqual(cells({ type: "i8", absent: [], values: Float64Array.of(7, NaN) }, 2), [7, null]);
  assert.deepEqual(cells({ type: "i8", absent: [], values: Float64Array.of(7, 2 ** 60, NaN), exact: ["7", "1152921504606846977", null] }, 3), [7, "1152921504606846977", null]);
  assert.deepEqual(cells({ type: "time", absent: [], values: Float64Array.of(1.5, NaN) }, 2), [1.5, null]);
  assert.deepEqual(cells({ type: "str", absent: [], values: ["a", null] }, 2), ["a", null]);
  assert.deepEqual(cells({ type: "json", absent: [], values: [{ a: 1 }, null] }, 2), [{ a: 1 }, null]);
});

test("a record has the fields that its row has, whatever they are called", () => {
  const batch: Batch = {
    room: "train", epoch: "k", offset: 2, count: 2, times: new Float64Array(2),
    columns: new Map<string, Column>([
      ["__proto__", { type: "f8", absent: [], values: Float64Array.of(1, 2) }],
      ["note", { type: "str", absent: [0], values: ["b"] }],
    ]),
  };
  assert.deepEqual(Object.entries(recordAt(batch, 0)), [["__proto__", 1]]);
  assert.deepEqual(Object.entries(recordAt(batch, 1)), [["__proto__", 2], ["note", "b"]]);
});
