import assert from "node:assert/strict";
import { test } from "node:test";
import { dashboardOf } from "../../src/panels/spec.ts";

const one = (panel: Record<string, unknown>): unknown => ({ version: 1, title: null, rows: [[{ kind: "line", rooms: ["train"], ...panel }]] });
const panelOf = (panel: Record<string, unknown>) => dashboardOf(one(panel)).rows[0]![0]!;

test("what is left out has its default", () => {
  assert.deepEqual(panelOf({}), { kind: "line", rooms: ["train"], fields: null, x: null, window: 10_000, title: null, height: null, options: {}, figure: null });
});

test("what is no dashboard is refused in words", () => {
  for (const raw of [null, 7, "x", [], {}, { rows: 3 }, { rows: [] }, { rows: [[]] }]) assert.throws(() => dashboardOf(raw), /dashboard/);
});

test("a kind that is not known asks whether the page is older than the kernel", () => {
  assert.throws(() => panelOf({ kind: "globe" }), /globe.*older/);
  assert.throws(() => panelOf({ kind: "constructor" }), /not known/);
});

test("a panel without rooms, or with names that are none, is refused", () => {
  for (const rooms of [[], ["../secret"], ["a b"], "train", [1], ["https://evil.example/x"]]) {
    assert.throws(() => panelOf({ rooms }), /names the rooms/, JSON.stringify(rooms));
  }
  assert.deepEqual(panelOf({ rooms: ["lab.*", "train"] }).rooms, ["lab.*", "train"]);
});

test("more than a hundred panels are refused", () => {
  const panel = { kind: "line", rooms: ["train"] };
  assert.equal(dashboardOf({ rows: [Array.from({ length: 100 }, () => panel)] }).rows[0]!.length, 100);
  assert.throws(() => dashboardOf({ rows: [Array.from({ length: 101 }, () => panel)] }), /100 panels/);
});

test("sizes that would hang the page are cut to what it can hold", () => {
  assert.deepEqual([panelOf({ window: 1e12 }).window, panelOf({ window: -5 }).window, panelOf({ window: NaN }).window], [1_000_000, 1, 10_000]);
  assert.deepEqual([panelOf({ height: 1e9 }).height, panelOf({ height: 1 }).height, panelOf({ height: "9" }).height], [4000, 40, null]);
});

test("fields and titles are texts or nothing", () => {
  const panel = panelOf({ fields: ["loss", 3, { toString: 1 }], title: { html: "<b>" }, x: 5 });
  assert.deepEqual([panel.fields, panel.title, panel.x], [["loss"], null, null]);
});

test("a figure has a list of traces", () => {
  assert.deepEqual(panelOf({ kind: "figure", figure: { data: [{ type: "bar" }] } }).figure, { data: [{ type: "bar" }], layout: {} });
  assert.throws(() => panelOf({ figure: { data: "x" } }), /traces/);
  assert.throws(() => panelOf({ figure: { data: [3] } }), /dashboard/);
});

test("options that are known are taken, others are left to newer pages", () => {
  assert.deepEqual(panelOf({ options: { scale: "log", range: [0, 1], glow: true } }).options, { scale: "log", range: [0, 1] });
  for (const options of [{ scale: "cubic" }, { range: [1, 0] }, { range: [0, NaN] }, { range: "0,1" }, null]) assert.deepEqual(panelOf({ options }).options, {});
});

test("a dashboard of a later version is refused with the fix", () => {
  assert.throws(() => dashboardOf({ version: 2, rows: [[{ kind: "line", rooms: ["a"] }]] }), /newer livedash; reload/);
});
