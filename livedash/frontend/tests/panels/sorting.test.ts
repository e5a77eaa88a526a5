import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyedRows } from "../../src/client/keyed_rows.ts";
import { nextSort, sortedKeys, sortedRows, TIME } from "../../src/panels/sorting.ts";
import { RollingWindow } from "../../src/panels/window.ts";
import { batchOf } from "./batches.ts";
import { windowOf } from "./windows.ts";

test("a click sorts downwards, the second upwards, the third gives the newest first again", () => {
  const first = nextSort(null, "loss");
  const second = nextSort(first, "loss");
  assert.deepEqual([first, second, nextSort(second, "loss")], [{ field: "loss", isDescending: true }, { field: "loss", isDescending: false }, null]);
  assert.deepEqual(nextSort(second, "step"), { field: "step", isDescending: true });
});

test("rows without the field stand last either way, and newer ones first among equals", () => {
  const window = windowOf([{ a: 2 }, {}, { a: 1 }, { a: 2 }, { a: null }], { types: { a: "f8" } });
  assert.deepEqual(sortedRows(window, { field: "a", isDescending: true }), [3, 0, 2, 4, 1]);
  assert.deepEqual(sortedRows(window, { field: "a", isDescending: false }), [2, 3, 0, 4, 1]);
});

test("texts sort by their letters, the time by itself, also where a field is called time", () => {
  const window = windowOf([{ a: "b", time: 9 }, { a: "a", time: 8 }, { a: "c", time: 7 }]);
  assert.deepEqual(sortedRows(window, { field: "a", isDescending: false }), [1, 0, 2]);
  assert.deepEqual(sortedRows(window, { field: TIME, isDescending: false }), [0, 1, 2]);
  assert.deepEqual(sortedRows(window, { field: "time", isDescending: false }), [2, 1, 0]);
});

test("integers beyond 2^53 sort exactly, among smaller ones", () => {
  const window = new RollingWindow(10);
  const exact = ["9007199254740995", "9007199254740993", "-5", "9007199254740994"];
  const columns = new Map([["n", { type: "i8" as const, absent: [], values: Float64Array.from(exact, Number), exact }]]);
  window.append({ room: "r", epoch: "e", offset: 4, count: 4, times: new Float64Array(4), columns });
  assert.deepEqual(sortedRows(window, { field: "n", isDescending: false }), [2, 1, 3, 0]);
});

test("keys sort by a column of their latest records, in the order in which they came among equals, those without it last", () => {
  const rows = new KeyedRows("id");
  rows.append(batchOf([{ id: "a", v: 1 }, { id: "b", v: 9 }, { id: "c", v: 1 }, { id: "d" }, { id: "e", v: 5 }]));
  rows.append(batchOf([{ id: "b", v: 0 }, { id: "c", v: NaN }, { id: "e", _deleted: true }]));
  assert.deepEqual(sortedKeys(rows, { field: "v", isDescending: true }), [0, 1, 2, 3]);
  assert.deepEqual(sortedKeys(rows, { field: "v", isDescending: false }), [1, 0, 2, 3]);
  assert.deepEqual(sortedKeys(rows, { field: "id", isDescending: true }), [3, 2, 1, 0]);
  assert.deepEqual(sortedKeys(rows, { field: TIME, isDescending: false })[0], 0);
});
