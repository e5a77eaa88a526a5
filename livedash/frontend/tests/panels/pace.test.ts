import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Pace } from "../../src/panels/pace.ts";

test("the last state is drawn although it came too soon after the one before", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let asked = 0;
  const pace = new Pace(100, () => asked++);
  assert.equal(pace.isDue(1000), true);
  assert.equal(pace.isDue(1030), false);
  assert.equal(pace.isDue(1060), false);
  mock.timers.tick(69);
  assert.equal(asked, 0);
  mock.timers.tick(1);
  assert.equal(asked, 1);
  assert.equal(pace.isDue(1100), true);
  mock.timers.tick(1000);
  assert.equal(asked, 1);
  mock.timers.reset();
});

test("nothing is asked for after the end, and at once after a hurry", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let asked = 0;
  const pace = new Pace(100, () => asked++);
  assert.equal(pace.isDue(0), true);
  assert.equal(pace.isDue(10), false);
  pace.hurry();
  assert.equal(pace.isDue(20), true);
  assert.equal(pace.isDue(30), false);
  pace.stop();
  mock.timers.tick(1000);
  assert.equal(asked, 0);
  mock.timers.reset();
});
