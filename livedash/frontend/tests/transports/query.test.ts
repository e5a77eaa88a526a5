import assert from "node:assert/strict";
import { test } from "node:test";
import { queryOf } from "../../src/transports/query.ts";
import { FakeWish } from "./fakes.ts";

function text(...wishes: FakeWish[]): string {
  return decodeURIComponent(queryOf(wishes).params.toString());
}

test("rooms and what they agree on", () => {
  assert.equal(text(new FakeWish("train", "now", null), new FakeWish("lab.*", "now", null)), "room=train&room=lab.*&shape=columns&since=now");
  assert.equal(text(new FakeWish("train", "-5", 10, "latest", 2)), "room=train&shape=columns&since=-5&mode=latest&max_hz=2&window=10");
});

test("where they differ, what serves all", () => {
  const wishes = [new FakeWish("a", "now", 10, "latest", 2), new FakeWish("b", "earliest", 500, "sample", 9)];
  assert.equal(text(...wishes), "room=a&room=b&shape=columns&since=snapshot&max_hz=9&window=500");
  assert.ok(!text(new FakeWish("a", "now", 10, "all", 2), new FakeWish("b")).includes("max_hz"));
});

test("with a cursor, rooms that it does not name start at their state", () => {
  const known = new FakeWish("a", "now");
  known.entries = ["a:k3x9-5"];
  const query = queryOf([known, new FakeWish("b", "now")]);
  assert.equal(query.cursor, "a:k3x9-5");
  assert.equal(query.params.get("since"), "snapshot");
});
