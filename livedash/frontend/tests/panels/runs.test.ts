import assert from "node:assert/strict";
import { test } from "node:test";
import { Runs } from "../../src/panels/runs.ts";
import { batchOf } from "./batches.ts";
import { windowOf } from "./windows.ts";

const ofSteps = (xs: readonly number[], capacity = 1000) => {
  const window = windowOf(xs.map((step) => ({ step })), { capacity, batch: 1 });
  return { window, runs: new Runs(window, "step") };
};
const spans = (runs: Runs): number[][] => runs.update().map(({ begin, end }) => [begin, end]);

test("a run begins where x goes back, not where it stays", () => {
  assert.deepEqual(spans(ofSteps([1, 1, 2, 3]).runs), [[0, 4]]);
  assert.deepEqual(spans(ofSteps([1, 2, 3, 1, 2, 0]).runs), [[0, 3], [3, 5], [5, 6]]);
});

test("records without x neither begin nor end a run", () => {
  const window = windowOf([{ step: 5 }, { other: 1 }, { step: 6 }, { other: 1 }, { step: 1 }]);
  assert.deepEqual(spans(new Runs(window, "step")), [[0, 4], [4, 5]]);
});

test("runs leave with their rows and keep their id until then", () => {
  const { window, runs } = ofSteps([1, 2, 3, 1, 2, 3], 4);
  assert.deepEqual(spans(runs), [[2, 3], [3, 6]]);
  const [, newest] = runs.update();
  window.append(batchOf([{ step: 4 }, { step: 5 }], { offset: 8 }));
  assert.deepEqual(spans(runs), [[4, 8]]);
  assert.equal(runs.update()[0]!.id, newest!.id);
});

test("rows that came since are looked at, and a snapshot begins anew", () => {
  const { window, runs } = ofSteps([1, 2]);
  runs.update();
  window.append(batchOf([{ step: 1 }], { offset: 3 }));
  assert.equal(runs.update().length, 2);
  window.replace(batchOf([{ step: 7 }, { step: 8 }]));
  assert.deepEqual(spans(runs), [[window.firstRow, window.nextRow]]);
});

test("only the newest six are told", () => {
  const { runs } = ofSteps(Array.from({ length: 40 }, (_, at) => at % 4));
  assert.equal(runs.update().length, 6);
});

test("two publishers that count for themselves make x jumbled; a loop that runs again does not", () => {
  const both = ofSteps(Array.from({ length: 200 }, (_, at) => (at % 2 ? at : 200 + at)));
  both.runs.update();
  const again = ofSteps(Array.from({ length: 1000 }, (_, at) => at % 25));
  again.runs.update();
  assert.deepEqual([both.runs.isJumbled, again.runs.isJumbled], [true, false]);
});
