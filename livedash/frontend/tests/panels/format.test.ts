import assert from "node:assert/strict";
import { test } from "node:test";
import { formatChange, formatDuration, formatNumber, formatTime, formatValue } from "../../src/panels/format.ts";

test("a number has the digits that a glance needs", () => {
  const told = [0, 1450, 0.186071234, 41999.6, -3.5, 1e-7, 2.5e9, 0.001].map(formatNumber);
  assert.deepEqual(told, ["0", "1,450", "0.18607", "42,000", "−3.5", "1.000e−7", "2.500e9", "0.001"]);
});

test("what is no number is told, too", () => {
  assert.deepEqual([NaN, Infinity, -Infinity].map(formatNumber), ["–", "∞", "−∞"]);
});

test("a change has a direction; none at the first value", () => {
  assert.deepEqual([2, -0.5, 0, NaN].map(formatChange), ["▲ 2", "▼ 0.5", "±0", ""]);
});

test("a time is told to the millisecond, one that is none as a dash", () => {
  assert.match(formatTime(1_700_000_000_123), /^2023-11-1\d \d\d:\d\d:\d\d\.123$/);
  assert.equal(formatTime(NaN), "–");
});

test("values of all types have a text of bounded length", () => {
  assert.deepEqual([undefined, null, true, { a: [1] }, "x"].map((value) => formatValue(value)), ["", "", "true", '{"a":[1]}', "x"]);
  assert.equal(formatValue("y".repeat(1000)).length, 200);
});

test("durations have one unit", () => {
  assert.deepEqual([-1, 4.2, 90, 5400].map(formatDuration), ["0 s", "4 s", "2 min", "1.5 h"]);
});
