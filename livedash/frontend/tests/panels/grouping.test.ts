import assert from "node:assert/strict";
import { test } from "node:test";
import { assign, chooseX, magnitude, seriesFields, type Group } from "../../src/panels/grouping.ts";
import { RollingWindow } from "../../src/panels/window.ts";
import { batchOf } from "./batches.ts";

function windowOf(...args: Parameters<typeof batchOf>): RollingWindow {
  const window = new RollingWindow(100);
  window.append(batchOf(...args));
  return window;
}
const grouped = (sizes: Record<string, number>, groups: Group[] = []): string[][] => {
  assign(groups, Object.entries(sizes).map(([name, size]) => ({ name, size })));
  return groups.map(({ fields }) => fields);
};

test("x is what was asked for, else step, else epoch, else a time field, else the record's time", () => {
  const types = { at: "time" } as const;
  assert.equal(chooseX(windowOf([{ step: 1, epoch: 1, at: 1 }], { types }), "loss"), "loss");
  assert.equal(chooseX(windowOf([{ epoch: 1, step: 1, at: 1 }], { types }), null), "step");
  assert.equal(chooseX(windowOf([{ at: 1, epoch: 1 }], { types }), null), "epoch");
  assert.equal(chooseX(windowOf([{ loss: 1, at: 1 }], { types }), null), "at");
  assert.equal(chooseX(windowOf([{ loss: 1 }]), null), null);
  assert.equal(chooseX(windowOf([{ step: 1 }]), "time"), null);
});

test("x, steps, epochs, times and texts are no series", () => {
  const window = windowOf([{ step: 1, epoch: 0, at: 5, tag: "a", loss: 0.1 }], { types: { at: "time" } });
  assert.deepEqual(seriesFields(window, "step"), ["loss"]);
});

test("a field's size is that of its largest value, whatever its sign; none before it has a value", () => {
  const window = windowOf([{ a: -1000, b: null, c: Infinity }, { a: 1, b: null, c: 10 }], { types: { b: "f8" } });
  assert.deepEqual([magnitude(window, "a"), magnitude(window, "b"), magnitude(window, "c"), magnitude(window, "d")], [3, null, 1, null]);
});

test("fields of like size share a chart, others do not", () => {
  assert.deepEqual(grouped({ loss: 0.3, lr: -3, val_loss: 0.4, tokens: 4.6, accuracy: 0 }), [["loss", "val_loss", "accuracy"], ["lr"], ["tokens"]]);
});

test("a group does not creep: its smallest and largest stay within a factor of 20", () => {
  assert.deepEqual(grouped({ a: 0, b: 1, c: 2 }), [["a", "b"], ["c"]]);
});

test("a chart has eight series at most", () => {
  const sizes = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`f${index}`, 0]));
  assert.deepEqual(grouped(sizes).map(({ length }) => length), [8, 2]);
});

test("a field keeps its chart when its size changes, and a new one joins", () => {
  const groups: Group[] = [];
  grouped({ a: 0, b: 4 }, groups);
  assert.deepEqual(grouped({ a: 4, b: 0, c: 4.1 }, groups), [["a"], ["b", "c"]]);
});
