import assert from "node:assert/strict";
import { test } from "node:test";
import { RollingWindow } from "../../src/panels/window.ts";
import { batchOf } from "./batches.ts";

const held = (window: RollingWindow, name: string): number[] => [...window.column(name)!.subarray(window.start, window.end)];
const steps = (from: number, to: number): { step: number }[] => Array.from({ length: to - from }, (_, index) => ({ step: from + index }));

test("the newest records are held and the oldest make room, over many turns of the store", () => {
  const window = new RollingWindow(10);
  for (let from = 0; from < 95; from += 5) window.append(batchOf(steps(from, from + 5), { offset: from + 5 }));
  assert.deepEqual(held(window, "step"), [85, 86, 87, 88, 89, 90, 91, 92, 93, 94]);
  assert.equal(window.offset, 95);
  assert.deepEqual([window.times[window.start], window.times[window.end - 1]], [86, 95]);
});

test("a batch larger than the whole store leaves its newest records", () => {
  const window = new RollingWindow(4);
  window.append(batchOf(steps(0, 3)));
  window.append(batchOf(steps(3, 103), { offset: 103 }));
  assert.deepEqual(held(window, "step"), [99, 100, 101, 102]);
});

test("a field that comes later is absent in the records before, and one that goes is absent after", () => {
  const window = new RollingWindow(10);
  window.append(batchOf([{ a: 1 }, { a: 2 }], { offset: 2 }));
  window.append(batchOf([{ b: 3 }], { offset: 3 }));
  window.append(batchOf([{ a: 4 }, { a: 5, b: 6 }], { offset: 5 }));
  assert.deepEqual(held(window, "a"), [1, 2, NaN, 4, 5]);
  assert.deepEqual(held(window, "b"), [NaN, NaN, 3, NaN, 6]);
});

test("an old value does not come back where the store has moved its rows", () => {
  const window = new RollingWindow(2);
  window.append(batchOf([{ a: 1, t: "x" }, { a: 2, t: "y" }], { offset: 2 }));
  for (let offset = 3; offset < 12; offset++) window.append(batchOf([{ b: offset }], { offset }));
  assert.deepEqual(held(window, "a"), [NaN, NaN]);
  assert.deepEqual(window.texts.get("t")!.values.slice(window.start, window.end), [undefined, undefined]);
});

test("a snapshot replaces what was held, with its fields", () => {
  const window = new RollingWindow(10);
  window.append(batchOf([{ a: 1 }]));
  window.replace(batchOf([{ b: 2 }], { epoch: "e2", offset: 7 }));
  assert.deepEqual([[...window.numbers.keys()], window.length, window.offset], [["b"], 1, 7]);
});

test("an empty snapshot empties it", () => {
  const window = new RollingWindow(10);
  window.append(batchOf([{ a: 1 }]));
  window.replace(batchOf([], { offset: 0 }));
  assert.equal(window.length, 0);
});

test("records of a new epoch are never joined to the old ones", () => {
  const window = new RollingWindow(10);
  window.append(batchOf([{ a: 1 }, { a: 2 }]));
  window.append(batchOf([{ a: 9 }], { epoch: "e2", offset: 1 }));
  assert.deepEqual(held(window, "a"), [9]);
});

test("the numbers of a field that mixes types are still drawn, and all of it is still told", () => {
  const window = new RollingWindow(10);
  window.append(batchOf([{ a: 1 }], { offset: 1 }));
  window.append(batchOf([{ a: 2 }, { a: "n/a" }], { offset: 3 }));
  assert.deepEqual(held(window, "a"), [1, 2, NaN]);
  assert.deepEqual(window.texts.get("a")!.values.slice(window.start, window.end), [undefined, 2, "n/a"]);
});

test("a field that turns into text has no numbers from there on", () => {
  const window = new RollingWindow(10);
  window.append(batchOf([{ a: 1 }], { offset: 1 }));
  window.append(batchOf([{ a: "off" }], { offset: 2 }));
  assert.deepEqual(held(window, "a"), [1, NaN]);
});

test("the latest is the newest that is a number; a field that is not there has none", () => {
  const window = new RollingWindow(10);
  window.append(batchOf([{ a: 1 }, { b: 2 }]));
  assert.deepEqual([window.latest("a"), window.latest("b"), window.latest("c")], [1, 2, NaN]);
});

test("the version of the fields grows when one comes, not with each record", () => {
  const window = new RollingWindow(10);
  window.append(batchOf([{ a: 1 }]));
  const { fieldsVersion } = window;
  window.append(batchOf([{ a: 2 }], { offset: 2 }));
  assert.equal(window.fieldsVersion, fieldsVersion);
  window.append(batchOf([{ a: 3, b: 1 }], { offset: 3 }));
  assert.ok(window.fieldsVersion > fieldsVersion);
});
