import assert from "node:assert/strict";
import { test } from "node:test";
import { formatChange, formatCount, formatDuration, formatNumber, formatTicks, formatValue, namesOf } from "../../src/panels/format.ts";

test("a number has the digits that a glance needs", () => {
  const told = [0, 1450, 12345, 0.186071234, 41999.6, -3.5, 1e-7, 2.5e9, 0.001, 99.99, 1234567, 0.5].map((value) => formatNumber(value));
  assert.deepEqual(told, ["0", "1450", "12,345", "0.1861", "42,000", "−3.5", "1e−7", "2.5e9", "0.001", "99.99", "1,234,567", "0.5"]);
  assert.deepEqual([2.51234e9, 1e20, -1.23456e-9].map((value) => formatNumber(value)), ["2.512e9", "1e20", "−1.235e−9"]);
});

test("what is no number is told, too", () => {
  assert.deepEqual([NaN, Infinity, -Infinity].map((value) => formatNumber(value)), ["–", "∞", "−∞"]);
});

test("a change has a direction; none at the first value", () => {
  assert.deepEqual([2, -0.5, 0, NaN].map(formatChange), ["▲ 2", "▼ 0.5", "unchanged", ""]);
});

test("labels of an axis have the same decimals and the same prefix", () => {
  assert.deepEqual(formatTicks([0, 0.5, 1], 0.5), ["0", "0.5", "1.0"]);
  assert.deepEqual(formatTicks([0.1, 0.125, 0.15], 0.025), ["0.100", "0.125", "0.150"]);
  assert.deepEqual(formatTicks([-2000, 0, 2000], 2000), ["−2000", "0", "2000"]);
  assert.deepEqual(formatTicks([0, 50_000, 100_000], 50_000), ["0", "50k", "100k"]);
  assert.deepEqual(formatTicks([3.1e9, 3.2e9], 1e8), ["3.1G", "3.2G"]);
  assert.deepEqual(formatTicks([0, 2e-5, 4e-5], 2e-5), ["0", "2e−5", "4e−5"]);
  assert.deepEqual(formatTicks([1e-5, 1.5e-5, 2e-5], 5e-6), ["1e−5", "1.5e−5", "2e−5"]);
  assert.deepEqual(formatTicks([1e21], 1e21), ["1e21"]);
});

test("values of all types have a text of bounded length", () => {
  assert.deepEqual([undefined, null, true, { a: [1] }, "x", 0.1234567].map((value) => formatValue(value)), ["", "", "true", '{"a":[1]}', "x", "0.1234567"]);
  assert.equal(formatValue(1_700_000_000_123, { zone: "UTC" }), "2023-11-14 22:13:20.123");
  assert.equal(formatValue("y".repeat(1000)).length, 300);
});

test("integers are told with all their digits", () => {
  assert.equal(formatValue(9007199254740991), "9,007,199,254,740,991");
  assert.equal(formatCount("-9223372036854775808"), "−9,223,372,036,854,775,808");
});

test("durations have one unit", () => {
  assert.deepEqual([-1, 4.2, 90, 5400].map(formatDuration), ["0 s", "4 s", "2 min", "1.5 h"]);
});

test("rooms are named as people read them", () => {
  assert.deepEqual([namesOf(["train", "lab.*"]), namesOf(["*"])], ["train, lab.*", "all rooms"]);
});
