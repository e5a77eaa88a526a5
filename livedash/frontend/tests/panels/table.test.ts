import assert from "node:assert/strict";
import { test } from "node:test";
import { levelOf } from "../../src/panels/log.ts";
import { sparkPoints } from "../../src/panels/number.ts";
import { nextSort, valueAt } from "../../src/panels/table.ts";
import { RollingWindow } from "../../src/panels/window.ts";
import { batchOf } from "./batches.ts";

test("a click sorts downwards, the second upwards, the third gives the newest first again", () => {
  const first = nextSort(null, "loss");
  const second = nextSort(first, "loss");
  assert.deepEqual([first, second, nextSort(second, "loss")], [{ field: "loss", isDescending: true }, { field: "loss", isDescending: false }, null]);
  assert.deepEqual(nextSort(second, "step"), { field: "step", isDescending: true });
});

test("a cell is the text if there is one, else the number, else nothing", () => {
  const window = new RollingWindow(5);
  window.append(batchOf([{ a: 1, t: "x" }, { t: null }, { a: null }], { types: { a: "f8", t: "str" } }));
  const row = (field: string): unknown[] => [0, 1, 2].map((at) => valueAt(window, field, window.start + at));
  assert.deepEqual([row("a"), row("t")], [[1, undefined, undefined], ["x", null, undefined]]);
});

test("a sparkline ends with the newest number and has no holes", () => {
  const points = sparkPoints(Float64Array.from({ length: 1000 }, (_, at) => (at % 3 === 0 && at < 990 ? NaN : at)), 120);
  assert.equal(points.at(-1), 999);
  assert.ok(points.every(Number.isFinite) && points.length <= 130);
});

test("levels of the usual loggers are known", () => {
  assert.deepEqual(["ERROR", "critical", "Fatal", "warn", "WARNING", "info", "debug"].map(levelOf), [
    "error", "error", "error", "warning", "warning", "info", "info",
  ]);
});
