import assert from "node:assert/strict";
import { test } from "node:test";
import { join, regroup, sizedFields, type Group } from "../../src/panels/grouping.ts";
import { RECORD_TIME } from "../../src/panels/x_axis.ts";
import { windowOf } from "./windows.ts";

type Sizes = Record<string, number | null>;
const sized = (sizes: Sizes): { name: string; size: number | null }[] => Object.entries(sizes).map(([name, size]) => ({ name, size }));
const joined = (sizes: Sizes, groups: Group[] = []): (readonly string[])[] => {
  join(groups, sized(sizes));
  return groups.map(({ fields }) => fields);
};

test("a field's size is that of its typical values, whatever their sign; none where all are zero", () => {
  const records = Array.from({ length: 100 }, (_, at) => ({ a: at === 50 ? 1e9 : -1000, b: 0, ...(at === 77 && { rare: 10 }) }));
  const sizes = new Map(sizedFields(windowOf(records), RECORD_TIME, null).map(({ name, size }) => [name, size]));
  assert.deepEqual([...sizes], [["a", 3], ["b", null], ["rare", 1]]);
});

test("steps, epochs, times, clocks and texts are no series", () => {
  const records = [{ step: 1, epoch: 0, at: 5, t: 1.7e9, tag: "a", nested: { a: 1 }, loss: 0.1 }];
  assert.deepEqual(sizedFields(windowOf(records, { types: { at: "time" } }), RECORD_TIME, null).map(({ name }) => name), ["loss"]);
});

test("fields of like size share a chart, others do not", () => {
  assert.deepEqual(joined({ loss: 0.3, lr: -3, val_loss: 0.4, tokens: 4.6, accuracy: 0 }), [["loss", "val_loss", "accuracy"], ["lr"], ["tokens"]]);
});

test("fields that are zero so far stand with others", () => {
  assert.deepEqual(joined({ errors: null, loss: 0 }), [["errors", "loss"]]);
});

test("a unit in the name keeps fields together over more decades, and apart from others", () => {
  assert.deepEqual(joined({ cpu_percent: 1.9, disk_percent: 0.1, net_mb_s: 0.2, read_mb_s: 2.1, load: 0.5 }), [
    ["cpu_percent", "disk_percent"],
    ["net_mb_s", "read_mb_s"],
    ["load"],
  ]);
});

test("a group does not creep: its smallest and largest stay within a factor of 20", () => {
  assert.deepEqual(joined({ a: 0, b: 1, c: 2 }), [["a", "b"], ["c"]]);
});

test("a chart has eight series at most", () => {
  const sizes = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`f${index}`, 0]));
  assert.deepEqual(joined(sizes).map(({ length }) => length), [8, 2]);
});

test("between two groupings a field keeps its chart, and a new one joins where it fits", () => {
  const groups: Group[] = [];
  joined({ a: 0, b: 4 }, groups);
  assert.deepEqual(joined({ a: 4, b: 0, c: 0.1 }, groups), [["a"], ["b", "c"]]);
});

test("a grouping anew keeps the charts whose first field stays, with their list", () => {
  const groups: Group[] = [];
  joined({ loss: 0, n: 0 }, groups);
  const [first] = groups;
  regroup(groups, sized({ loss: -0.5, n: 4, lr: -3 }));
  assert.deepEqual(groups.map(({ fields }) => fields), [["loss"], ["n"], ["lr"]]);
  assert.equal(groups[0], first);
});
