import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_NUMBER } from "../../src/panels/field.ts";
import { eachRow, groupSize, lowerBound, Thinner, Trace } from "../../src/panels/thinning.ts";

const points = ({ xs, ys, length }: Trace): number[][] => Array.from({ length }, (_, at) => [xs[at]!, ys[at]!]);
const rows = (count: number, value: (at: number) => number): Float64Array => Float64Array.from({ length: count }, (_, at) => value(at));
const wave = (count: number): Float64Array => rows(count, (at) => Math.sin(at / 50) + ((at * 7919) % 101) / 500);

function filled(ys: Float64Array, size: number, { from = 0, to = ys.length, base = 0, thinner = new Thinner() } = {}): Trace {
  const trace = new Trace();
  thinner.fill(trace, { xs: rows(ys.length, (at) => at + base), ys, base }, from, to, size);
  return trace;
}

test("up to four rows a pixel each is drawn; above, a group of rows is a pixel wide at least, and fewer than two", () => {
  assert.equal(groupSize(4000, 1000), 1);
  for (const count of [4001, 10_000, 100_000, 999_999]) {
    const size = groupSize(count, 1000);
    assert.ok(Number.isInteger(Math.log2(size)) && count / size <= 1000 && count / size > 499, `${count}: ${size}`);
  }
});

test("a group is its least and its largest number, in the order of their rows", () => {
  const ys = Float64Array.of(3, 9, 1, 4, 5, 2, 8, 7);
  assert.deepEqual(points(filled(ys, 4)), [[1, 9], [2, 1], [5, 2], [6, 8]]);
});

test("no spike is lost, and the range is that of all rows", () => {
  const ys = wave(10_000);
  ys[1234] = 77;
  ys[8765] = -55;
  const trace = filled(ys, 16);
  assert.deepEqual([trace.high, trace.low, trace.points], [77, -55, 10_000]);
  assert.ok(points(trace).some(([x, y]) => x === 1234 && y === 77) && points(trace).some(([x, y]) => x === 8765 && y === -55));
  assert.ok(trace.length <= 2 * (10_000 / 16) + 3);
});

test("what is drawn does not change while the window slides: groups are aligned to the rows' numbers", () => {
  const all = wave(3000);
  const at = (first: number): string[] => {
    const trace = filled(all.subarray(first, first + 2000), 16, { base: first });
    return points(trace).filter(([x]) => x! > first + 16 && x! < first + 1900).map(String);
  };
  const [before, after] = [at(0), new Set(at(500))];
  assert.deepEqual(before.filter((point) => Number(point.split(",")[0]) > 540 && !after.has(point)), []);
});

test("kept groups give what new ones give, however the rows move on, zoom and change their size", () => {
  const all = wave(6000);
  const thinner = new Thinner();
  const turns = [[0, 2000, 16], [17, 2017, 16], [400, 2400, 16], [1900, 3900, 16], [1000, 3000, 16], [1000, 3000, 32], [5000, 5010, 32], [3000, 6000, 16]] as const;
  for (const [from, to, size] of turns) assert.deepEqual(points(filled(all, size, { from, to, thinner })), points(filled(all, size, { from, to })), `${from} to ${to}`);
});

test("the newest row is drawn where it is", () => {
  const trace = filled(Float64Array.of(1, 9, 0, 5, 4), 8);
  assert.deepEqual(points(trace).at(-1), [4, 4]);
});

test("rows without the field are joined over; null and NaN break the line", () => {
  const ys = Float64Array.of(1, NaN, 2, NO_NUMBER, NO_NUMBER, 3);
  const trace = new Trace();
  eachRow(trace, { xs: rows(6, (at) => at), ys, base: 0 }, 0, 6);
  assert.deepEqual(points(trace), [[0, 1], [2, 2], [2, NaN], [5, 3]]);
  const grouped = filled(Float64Array.of(1, 2, NO_NUMBER, 3, 4, 5, NaN, NaN), 4);
  assert.deepEqual(points(grouped), [[0, 1], [3, 3], [3, NaN], [4, 4], [5, 5]]);
});

test("a logarithmic axis begins at the least number above zero", () => {
  assert.equal(filled(Float64Array.of(-1, 0, 0.25, 4), 1).leastPositive(), 0.25);
  assert.equal(filled(Float64Array.of(-1, 0), 1).leastPositive(), Infinity);
});

test("the first row at x or behind is found", () => {
  const xs = Float64Array.of(1, 3, 3, 7);
  assert.deepEqual([0, 1, 2, 3, 4, 8].map((x) => lowerBound(xs, 0, 4, x)), [0, 0, 1, 1, 3, 4]);
});
