import assert from "node:assert/strict";
import { test } from "node:test";
import { Zoom } from "../../src/panels/zoom.ts";

const HELD = { min: 0, max: 100 };

test("it follows what is held until a range is chosen, and then stays there while records come", () => {
  const zoom = new Zoom();
  assert.deepEqual(zoom.shown(HELD), HELD);
  zoom.to(20, 30);
  assert.deepEqual(zoom.shown({ min: 0, max: 5000 }), { min: 20, max: 30 });
  assert.equal(zoom.isFollowing, false);
  zoom.follow();
  assert.deepEqual([zoom.isFollowing, zoom.shown(HELD)], [true, HELD]);
});

test("zooming keeps what is under the pointer, or the middle, where it is", () => {
  const zoom = new Zoom();
  zoom.by(0.5, 20, HELD);
  assert.deepEqual(zoom.shown(HELD), { min: 10, max: 60 });
  zoom.by(2, null, HELD);
  assert.deepEqual(zoom.shown(HELD), { min: -15, max: 85 });
});

test("moving goes by a share of what is shown, never to where nothing is", () => {
  const zoom = new Zoom();
  zoom.to(40, 60);
  zoom.move(0.5, HELD);
  assert.deepEqual(zoom.shown(HELD), { min: 50, max: 70 });
  zoom.move(100, HELD);
  assert.deepEqual(zoom.shown(HELD), { min: 100, max: 120 });
  zoom.move(-100, HELD);
  assert.deepEqual(zoom.shown(HELD), { min: -20, max: 0 });
});

test("a range too narrow for doubles, or none, is not taken", () => {
  const zoom = new Zoom();
  zoom.to(1.7e12, 1.7e12 + 1e-3);
  zoom.to(5, 5);
  zoom.to(NaN, 3);
  assert.equal(zoom.isFollowing, true);
});
