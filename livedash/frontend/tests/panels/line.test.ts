import assert from "node:assert/strict";
import { test } from "node:test";
import { rowsWithX, runStarts, withoutNaN, xRange } from "../../src/panels/line.ts";

const starts = (xs: number[], start = 0, end = xs.length): number[] => runStarts(Float64Array.from(xs), start, end);

test("one run begins where the window does", () => {
  assert.deepEqual(starts([1, 2, 3]), [0]);
  assert.deepEqual(starts([9, 1, 2, 3], 1), [1]);
});

test("a run begins where x goes back; the newest and the one before are drawn", () => {
  assert.deepEqual(starts([1, 2, 3, 1, 2]), [3, 0]);
  assert.deepEqual(starts([1, 2, 1, 2, 1]), [4, 2]);
});

test("the same x again is no new run", () => {
  assert.deepEqual(starts([1, 1, 2, 2]), [0]);
});

test("records without x neither begin nor hide a run", () => {
  assert.deepEqual(starts([1, NaN, 2]), [0]);
  assert.deepEqual(starts([5, NaN, 1, 2]), [2, 0]);
  assert.deepEqual(starts([NaN, NaN]), [0]);
});

test("rows with x are picked only where some have none", () => {
  assert.equal(rowsWithX(Float64Array.of(1, 2)), null);
  assert.deepEqual(rowsWithX(Float64Array.of(NaN, 2, NaN, 4)), [1, 3]);
});

test("what is not finite is a hole, and a column without holes is not copied", () => {
  const whole = Float64Array.of(1, 2);
  assert.equal(withoutNaN(whole), whole);
  assert.deepEqual(withoutNaN(Float64Array.of(1, NaN, -Infinity)), [1, null, null]);
});

test("a single x stands in the middle of a narrow range, others fill theirs", () => {
  assert.deepEqual([xRange(10, 10), xRange(1, 2)], [[9.5, 10.5], [1, 2]]);
});
