import assert from "node:assert/strict";
import { test } from "node:test";
import { RollingWindow } from "../../src/panels/window.ts";
import { batchOf } from "./batches.ts";
import { cells, steps, windowOf } from "./windows.ts";

test("the newest records are held and the oldest make room, over many turns of the store", () => {
  for (const batch of [1, 7, 50, 2500]) {
    const window = windowOf(steps(0, 9000), { capacity: 2000, batch });
    assert.deepEqual(cells(window, "step"), steps(7000, 9000).map(({ step }) => step), `in batches of ${batch}`);
    assert.deepEqual([window.offset, window.length], [9000, 2000]);
    assert.deepEqual([window.times[window.start], window.times[window.end - 1]], [7001_000, 9000_000]);
  }
});

test("a row keeps its number while it is held, and no other row ever gets it", () => {
  const window = new RollingWindow(100);
  for (let step = 0; step < 5000; step++) {
    window.append(batchOf([{ step }], { offset: step + 1 }));
    assert.equal(window.nextRow, step + 1);
    assert.equal(window.numbers("step")![window.firstRow - window.base], window.firstRow);
  }
  window.replace(batchOf([{ step: 0 }]));
  assert.ok(window.firstRow >= 5000);
});

test("memory grows with what is held, not with what may be", () => {
  const window = windowOf(steps(0, 10), { capacity: 1_000_000 });
  assert.ok(window.times.length < 10_000);
});

test("a batch larger than the window leaves its newest records", () => {
  const window = windowOf(steps(0, 3), { capacity: 4 });
  window.append(batchOf(steps(3, 103), { offset: 103 }));
  assert.deepEqual(cells(window, "step"), [99, 100, 101, 102]);
});

test("a field that comes later is absent in the records before, and one that goes is absent after", () => {
  const window = windowOf([{ a: 1 }, { a: 2 }, { b: 3 }, { a: 4 }, { a: 5, b: 6 }], { batch: 2 });
  assert.deepEqual(cells(window, "a"), [1, 2, undefined, 4, 5]);
  assert.deepEqual(cells(window, "b"), [undefined, undefined, 3, undefined, 6]);
});

test("absent, null and a number that is none are told apart, as a line joins over the one and breaks at the others", () => {
  const window = windowOf([{ a: 1 }, {}, { a: null }, { a: NaN }, { a: Infinity }], { types: { a: "f8" } });
  assert.deepEqual([...window.numbers("a")!.subarray(0, 5)], [1, NaN, Infinity, Infinity, Infinity]);
  assert.deepEqual(cells(window, "a"), [1, undefined, null, null, null]);
});

test("an old value does not come back where the store has moved its rows", () => {
  const window = windowOf([{ a: 1, t: "x" }, { a: 2, t: "y" }], { capacity: 2 });
  for (let offset = 3; offset < 5000; offset++) window.append(batchOf([{ b: offset, ...(offset % 2 && { t: null }) }], { offset, types: { t: "str" } }));
  assert.deepEqual([cells(window, "a"), cells(window, "t")], [[undefined, undefined], [undefined, null]]);
});

test("a field that no record has any more is forgotten when the store moves", () => {
  const window = windowOf([{ a: 1, b: 1 }], { capacity: 10 });
  const { fieldsVersion } = window;
  for (let offset = 2; offset < 3000; offset++) window.append(batchOf([{ b: offset }], { offset }));
  assert.deepEqual([...window.fields.keys()], ["b"]);
  assert.ok(window.fieldsVersion > fieldsVersion);
});

test("a snapshot replaces what was held, with its fields; an empty one empties it", () => {
  const window = windowOf([{ a: 1 }]);
  window.replace(batchOf([{ b: 2 }], { epoch: "e2", offset: 7 }));
  assert.deepEqual([[...window.fields.keys()], window.length, window.offset], [["b"], 1, 7]);
  window.replace(batchOf([], { offset: 0 }));
  assert.equal(window.length, 0);
});

test("records of a new epoch are never joined to the old ones", () => {
  const window = windowOf([{ a: 1 }, { a: 2 }]);
  window.append(batchOf([{ a: 9 }], { epoch: "e2", offset: 1 }));
  assert.deepEqual(cells(window, "a"), [9]);
});

test("a new epoch that goes on where the old one ended is joined to it", () => {
  const window = windowOf([{ a: 1 }, { a: 2 }]);
  window.append(batchOf([{ a: 3 }], { epoch: "e2", offset: 3 }));
  assert.deepEqual(cells(window, "a"), [1, 2, 3]);
});

test("a field of numbers stays one though some record has a text in it, and all of it is still told", () => {
  const window = windowOf([{ a: 1 }, { a: 2 }, { a: "n/a" }, { a: 3 }], { batch: 1 });
  assert.deepEqual(cells(window, "a"), [1, 2, "n/a", 3]);
  assert.deepEqual([window.fields.get("a")!.isNumeric, window.fields.get("a")!.isText, window.latest("a")], [true, false, 3]);
});

test("a field of texts stays one though some record has a number in it", () => {
  const window = windowOf([{ a: "on" }, { a: 1 }], { batch: 1 });
  assert.deepEqual(cells(window, "a"), ["on", 1]);
  assert.deepEqual([window.fields.get("a")!.isNumeric, window.fields.get("a")!.isText], [false, true]);
});

test("integers among None come as json, and are numbers all the same", () => {
  const window = windowOf([{ a: null }, { a: 4 }], { types: { a: "json" } });
  assert.deepEqual([window.fields.get("a")!.isNumeric, window.fields.get("a")!.isText, window.latest("a")], [true, false, 4]);
});

test("an integer beyond 2^53 is drawn as a double and told exactly", () => {
  const window = new RollingWindow(10);
  const exact = ["9007199254740993", "7", null];
  const columns = new Map([["n", { type: "i8" as const, absent: [], values: Float64Array.of(9007199254740993, 7, NaN), exact }]]);
  window.append({ room: "r", epoch: "e", offset: 3, count: 3, times: new Float64Array(3), columns });
  window.append(batchOf([{ n: 8 }], { epoch: "e", offset: 4, types: { n: "i8" } }));
  assert.deepEqual(cells(window, "n"), ["9007199254740993", 7, null, 8]);
  assert.equal(window.numbers("n")![0], 9007199254740992);
});

test("the latest is the newest number, and the one before it the previous; a field that is not there has none", () => {
  const window = windowOf([{ a: 1 }, { b: 2 }, { a: 5 }, { b: null }], { types: { b: "f8" } });
  assert.deepEqual(["a", "b", "c"].map((name) => window.latest(name)), [5, 2, NaN]);
  assert.deepEqual(["a", "b", "c"].map((name) => window.previous(name)), [1, NaN, NaN]);
});

test("a number that has left the window is not the latest any more", () => {
  const window = windowOf([{ a: 1, b: 1 }, { b: 2 }, { b: 3 }], { capacity: 2, batch: 1 });
  assert.deepEqual([window.latest("a"), window.latestValue("a")], [NaN, undefined]);
});

test("the version of the fields grows when one comes, not with each record", () => {
  const window = windowOf([{ a: 1 }]);
  const { fieldsVersion } = window;
  window.append(batchOf([{ a: 2 }], { offset: 2 }));
  assert.equal(window.fieldsVersion, fieldsVersion);
  window.append(batchOf([{ a: 3, b: 1 }], { offset: 3 }));
  assert.ok(window.fieldsVersion > fieldsVersion);
});

test("x is carried to records without it, over the store's moves; a clock that goes back stands still", () => {
  const window = new RollingWindow(50);
  for (let offset = 1; offset <= 4000; offset++) {
    window.append(batchOf([offset % 2 ? { step: offset } : { other: 1 }], { offset: offset % 10 === 0 ? offset - 3 : offset }));
    window.xs("step");
    window.xs(null);
  }
  const [xs, times] = [window.xs("step"), window.xs(null)];
  for (let at = window.start + 1; at < window.end; at++) {
    const row = window.base + at + 1;
    assert.equal(xs[at], row % 2 ? row : row - 1);
    assert.ok(times[at]! >= times[at - 1]!);
  }
});
