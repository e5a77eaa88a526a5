import assert from "node:assert/strict";
import { test } from "node:test";
import { Malformed } from "../../src/wire/malformed.ts";
import { columnOf, timesOf } from "../../src/wire/values.ts";

const INT64_MIN = -(2n ** 63n);

function packed(array: ArrayBufferView, shift = 0): Uint8Array {
  // As in a message, where a value begins at any byte.
  const bytes = new Uint8Array(array.byteLength + shift);
  bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), shift);
  return bytes.subarray(shift);
}

test("packed floats are copied from any byte of a message", () => {
  for (let shift = 0; shift < 8; shift++) {
    const column = columnOf({ type: "f8", values: packed(Float64Array.of(1.5, NaN, -Infinity), shift) }, 3, "x");
    assert.deepEqual([...(column.values as Float64Array)], [1.5, NaN, -Infinity]);
  }
});

test("packed integers are doubles, with their exact texts where one is too large", () => {
  const small = columnOf({ type: "i8", values: packed(BigInt64Array.of(0n, -1n, 4294967296n, -9007199254740991n)) }, 4, "x");
  assert.deepEqual([...(small.values as Float64Array)], [0, -1, 4294967296, -9007199254740991]);
  assert.equal(small.exact, undefined);
  const large = columnOf({ type: "i8", values: packed(BigInt64Array.of(7n, 9007199254740993n, INT64_MIN)) }, 3, "x");
  assert.deepEqual(large.exact, ["7", "9007199254740993", "-9223372036854775808"]);
});

test("times become milliseconds, whatever their unit", () => {
  for (const [unit, value] of [["s", 1_764_000_000n], ["ms", 1_764_000_000_000n], ["us", 1_764_000_000_000_000n], ["ns", 1_764_000_000_000_000_000n]] as const) {
    const column = columnOf({ type: "time", unit, values: packed(BigInt64Array.of(value, INT64_MIN)) }, 2, "at");
    assert.deepEqual([...(column.values as Float64Array)], [1_764_000_000_000, NaN], unit);
  }
  const inJson = columnOf({ type: "time", unit: "ns", values: ["1764000000000000001", null, 0] }, 3, "at");
  assert.deepEqual([...(inJson.values as Float64Array)], [1_764_000_000_000, NaN, 0]);
});

test("a thousand rows of five fields are read in well under a millisecond", () => {
  const values = packed(new Float64Array(1000).fill(0.5), 3);
  const steps = packed(new BigInt64Array(1000).fill(5n), 5);
  const read = (): void => {
    for (const name of ["a", "b", "c", "d"]) columnOf({ type: "f8", values }, 1000, name);
    columnOf({ type: "i8", values: steps }, 1000, "step");
  };
  for (let warm = 0; warm < 200; warm++) read();
  const start = performance.now();
  for (let round = 0; round < 200; round++) read();
  assert.ok((performance.now() - start) / 200 < 1); // 0.01 ms where nothing else runs
});

const REFUSED: readonly (readonly [string, unknown])[] = [
  ["no map", 5],
  ["an unknown type", { type: "f4", values: [1, 2] }],
  ["a type of the prototype", { type: "constructor", values: [1, 2] }],
  ["no values", { type: "f8" }],
  ["too few values", { type: "f8", values: [1] }],
  ["too many values", { type: "f8", values: [1, 2, 3] }],
  ["absent rows without room", { type: "f8", values: [1, 2], absent: [0] }],
  ["absent rows that do not ascend", { type: "f8", values: [], absent: [1, 0] }],
  ["an absent row twice", { type: "f8", values: [], absent: [1, 1] }],
  ["an absent row behind the end", { type: "f8", values: [1], absent: [2] }],
  ["an absent row that is no number", { type: "f8", values: [1], absent: ["1"] }],
  ["a negative absent row", { type: "f8", values: [1], absent: [-1] }],
  ["half a float", { type: "f8", values: new Uint8Array(15) }],
  ["texts among floats", { type: "f8", values: ["1", "x"] }],
  ["objects among integers", { type: "i8", values: [1, {}] }],
  ["numbers among texts", { type: "str", values: ["a", 1] }],
  ["numbers among booleans", { type: "bool", values: [true, 1] }],
  ["packed texts", { type: "str", values: new Uint8Array(2) }],
  ["packed json", { type: "json", values: new Uint8Array(2) }],
  ["an unknown unit", { type: "time", unit: "constructor", values: [1, 2] }],
  ["a unit that is no text", { type: "time", unit: {}, values: [1, 2] }],
  ["a code outside of the categories", { type: "str", values: [0, 1], categories: ["a"] }],
  ["a negative code", { type: "str", values: [0, -2], categories: ["a"] }],
  ["a code that is a property of lists", { type: "str", values: [0, "length"], categories: ["a"] }],
  ["categories of a number", { type: "f8", values: [0, 1], categories: ["a", "b"] }],
  ["categories that are no texts", { type: "str", values: [0, 1], categories: ["a", 1] }],
];

for (const [what, raw] of REFUSED) {
  test(`a column with ${what} is malformed`, () => assert.throws(() => columnOf(raw, 2, "x"), Malformed));
}

test("times fit the rows", () => {
  assert.deepEqual([...timesOf([1, 2], 2)], [1, 2]);
  assert.deepEqual([...timesOf(packed(BigInt64Array.of(1_764_000_000_000_000n), 1), 1)], [1_764_000_000_000_000]);
  assert.throws(() => timesOf([1], 2), Malformed);
  assert.throws(() => timesOf("12", 2), Malformed);
});
