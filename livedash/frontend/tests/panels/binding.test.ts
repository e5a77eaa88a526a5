import assert from "node:assert/strict";
import { test } from "node:test";
import { boundTrace } from "../../src/panels/binding.ts";
import { windowOf } from "./windows.ts";

const rooms = (...args: Parameters<typeof windowOf>): Map<string, ReturnType<typeof windowOf>> => new Map([["train", windowOf(...args)]]);

test("bound attributes have the room's columns, the others stay, and the binding goes", () => {
  const trace = { type: "scatter", livedash: { room: "train", x: "step", y: "loss", "marker.color": "loss" }, marker: { size: 5 } };
  const drawn = boundTrace(trace, rooms([{ step: 1, loss: 0.5 }, { step: 2 }]));
  assert.deepEqual(drawn, { type: "scatter", x: [1, 2], y: [0.5, null], marker: { size: 5, color: [0.5, null] } });
  assert.deepEqual(trace.marker, { size: 5 }, "the spec itself is not changed");
});

test("a field of lists gives its latest value, and texts give a column", () => {
  const windows = rooms([{ m: [[1]], name: "a" }, { m: [[2, 3]], name: "b" }]);
  assert.deepEqual(boundTrace({ type: "heatmap", livedash: { room: "train", z: "m", x: "name" } }, windows), { type: "heatmap", z: [[2, 3]], x: ["a", "b"] });
});

test("times are texts, told in their zone, and the records' own in the viewer's", () => {
  const windows = rooms([{ at: 1000 }], { types: { at: "time" } });
  assert.deepEqual(boundTrace({ livedash: { room: "train", x: "at" } }, windows), { x: ["1970-01-01T00:00:01.000"] });
  const { x } = boundTrace({ livedash: { room: "train", x: "time" } }, windows) as { x: string[] };
  assert.match(x[0]!, /^19(?:69|70)-\d\d-\d\dT\d\d:\d\d:01\.000$/);
});

test("a trace has 2,000 points at most, the newest and each spike among them, and its columns stay in step", () => {
  const records = Array.from({ length: 9001 }, (_, step) => ({ step, loss: step === 4321 ? -99 : step * 2 }));
  const { x, y } = boundTrace({ livedash: { room: "train", x: "step", y: "loss" } }, rooms(records)) as { x: number[]; y: number[] };
  assert.ok(x.length <= 2000 && x.length > 1000);
  assert.equal(x.at(-1), 9000);
  assert.ok(x.includes(4321));
  assert.deepEqual(y, x.map((step) => records[step]!.loss));
});

test("a trace that does not draw y in its order has rows evenly picked", () => {
  const records = Array.from({ length: 9001 }, (_, step) => ({ step }));
  const { x } = boundTrace({ type: "histogram", livedash: { room: "train", x: "step" } }, rooms(records)) as { x: number[] };
  assert.ok(x.length <= 2000 && x.at(-1) === 9000 && x.at(-2) === 8995);
});

test("a room without records, or a field that none has, leaves no old values", () => {
  assert.deepEqual(boundTrace({ type: "bar", livedash: { room: "other", y: "a" } }, rooms([{ a: 1 }])), { type: "bar" });
  assert.deepEqual(boundTrace({ livedash: { room: "train", y: "later" } }, rooms([{ a: 1 }])), { y: [] });
});

test("a binding cannot reach the page's prototypes", () => {
  boundTrace(JSON.parse('{"livedash": {"room": "train", "__proto__.polluted": "a", "constructor.prototype.polluted": "a"}}'), rooms([{ a: 1 }]));
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});
