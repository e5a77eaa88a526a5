import assert from "node:assert/strict";
import { test } from "node:test";
import { boundTrace } from "../../src/panels/figure.ts";
import { RollingWindow } from "../../src/panels/window.ts";
import { batchOf } from "./batches.ts";

function rooms(...args: Parameters<typeof batchOf>): Map<string, RollingWindow> {
  const window = new RollingWindow(10_000);
  window.append(batchOf(...args));
  return new Map([["train", window]]);
}

test("bound attributes have the room's columns, the others stay, and the binding goes", () => {
  const trace = { type: "scatter", livedash: { room: "train", x: "step", y: "loss", "marker.color": "loss" }, marker: { size: 5 } };
  const drawn = boundTrace(trace, rooms([{ step: 1, loss: 0.5 }, { step: 2 }]));
  assert.deepEqual(drawn, { type: "scatter", x: [1, 2], y: [0.5, null], marker: { size: 5, color: [0.5, null] } });
  assert.deepEqual(trace.marker, { size: 5 }, "the spec itself is not changed");
});

test("a field of lists gives its latest value", () => {
  const windows = rooms([{ m: [[1]] }, { m: [[2, 3]] }]);
  assert.deepEqual(boundTrace({ type: "heatmap", livedash: { room: "train", z: "m" } }, windows), { type: "heatmap", z: [[2, 3]] });
});

test("times are ISO texts", () => {
  const drawn = boundTrace({ livedash: { room: "train", x: "time" } }, rooms([{ a: 1 }]));
  assert.deepEqual(drawn, { x: ["1970-01-01T00:00:01.000Z"] });
});

test("a trace has 2,000 points at most, the newest among them, and its columns stay in step", () => {
  const records = Array.from({ length: 9_001 }, (_, step) => ({ step, loss: step * 2 }));
  const { x, y } = boundTrace({ livedash: { room: "train", x: "step", y: "loss" } }, rooms(records)) as { x: number[]; y: number[] };
  assert.ok(x.length <= 2000 && x.length > 1500);
  assert.equal(x.at(-1), 9_000);
  assert.deepEqual(y, x.map((step) => step * 2));
});

test("a room without records leaves the trace as it is", () => {
  assert.deepEqual(boundTrace({ type: "bar", livedash: { room: "other", y: "a" } }, rooms([{ a: 1 }])), { type: "bar" });
});

test("a binding cannot reach the page's prototypes", () => {
  boundTrace(JSON.parse('{"livedash": {"room": "train", "__proto__.polluted": "a", "constructor.prototype.polluted": "a"}}'), rooms([{ a: 1 }]));
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});
