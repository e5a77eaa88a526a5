import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClient } from "../gallery/fake_client.ts";
import { PanelFeed } from "../../src/panels/feed.ts";
import type { PanelSpec } from "../../src/panels/spec.ts";
import { Tracks, type Drawn } from "../../src/panels/tracks.ts";

const SPEC: PanelSpec = { kind: "line", rooms: ["train"], fields: null, x: null, window: 1000, title: null, height: null, options: {}, figure: null };
const all = (): boolean => false;

function tracked(spec: Partial<PanelSpec> = {}): { client: FakeClient; tracks: Tracks } {
  const client = new FakeClient();
  const full = { ...SPEC, ...spec };
  return { client, tracks: new Tracks(new PanelFeed(client, full.rooms, full.window), full) };
}
const labels = (tracks: Tracks): string[] => tracks.series.map(({ label }) => label);
const points = ({ trace }: Drawn): number[][] => Array.from({ length: trace.length }, (_, at) => [trace.xs[at]!, trace.ys[at]!]);

test("numeric fields are series against x, and a new one joins them", () => {
  const { client, tracks } = tracked();
  client.push("train", { step: [1, 2], loss: [3, 4], tag: ["a", "b"] });
  assert.equal(tracks.update(), true);
  assert.deepEqual([labels(tracks), tracks.x?.field, tracks.held()], [["loss"], "step", { min: 1, max: 2 }]);
  assert.equal(tracks.update(), false);
  client.push("train", { step: [3], loss: [5], accuracy: [0.5] });
  assert.equal(tracks.update(), true);
  assert.deepEqual(labels(tracks), ["loss", "accuracy"]);
});

test("what is in view is drawn with a neighbour on either side, so that lines leave the chart where they should", () => {
  const { client, tracks } = tracked();
  client.push("train", { step: [1, 2, 3, 4, 5, 6], loss: [1, 2, 3, 4, 5, 6] });
  tracks.update();
  const [drawn] = tracks.draw({ min: 3.5, max: 4.2 }, 500, all);
  assert.deepEqual(points(drawn!).map(([x]) => x), [3, 4, 5, 6]);
});

test("an old run stays behind the new one, and values are those of the new one", () => {
  const { client, tracks } = tracked();
  client.push("train", { step: [1, 2, 3], loss: [9, 8, 7] });
  client.push("train", { step: [1, 2], loss: [6, 5] });
  tracks.update();
  const drawn = tracks.draw({ min: 0, max: 9 }, 500, all);
  assert.deepEqual(drawn.map(({ age }) => age), [1, 0]);
  assert.deepEqual(points(drawn[1]!), [[1, 6], [2, 5]]);
  assert.deepEqual([tracks.values(1), tracks.values(null), tracks.held()], [[6], [5], { min: 1, max: 3 }]);
});

test("a value is that of the nearest record that has the field", () => {
  const { client, tracks } = tracked();
  client.push("train", { step: [0, 1, 2, 3, 4], loss: [1, undefined, undefined, undefined, 5] });
  tracks.update();
  assert.deepEqual([tracks.values(1.9), tracks.values(2.1), tracks.values(-7), tracks.values(99)], [[1], [5], [1], [5]]);
});

test("series of several rooms have their room's name; a hidden one is not drawn", () => {
  const { client, tracks } = tracked({ rooms: ["a", "b"], fields: ["loss"] });
  client.push("a", { step: [1, 2], loss: [1, 2] });
  client.push("b", { step: [5], loss: [3] });
  tracks.update();
  assert.deepEqual([labels(tracks), tracks.held()], [["a", "b"], { min: 1, max: 5 }]);
  assert.deepEqual(tracks.draw({ min: 0, max: 9 }, 500, (label) => label === "a").map(({ series }) => series), [1]);
});

test("an x that goes back all the time is given up for the next best", () => {
  const { client, tracks } = tracked();
  client.push("train", { step: Array.from({ length: 200 }, (_, at) => (at % 2 ? at : 500 + at)), loss: Array.from({ length: 200 }, () => 1) });
  tracks.update();
  assert.deepEqual([tracks.x?.field, labels(tracks)], [null, ["loss"]]);
});

test("before the first record there is nothing to draw", () => {
  const { tracks } = tracked();
  tracks.update();
  assert.deepEqual([labels(tracks), tracks.held(), tracks.draw({ min: 0, max: 1 }, 500, all), tracks.values(null)], [[], null, [], []]);
});
