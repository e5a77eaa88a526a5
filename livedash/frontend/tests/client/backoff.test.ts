import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../../src/client/backoff.ts";

test("the bound doubles to five seconds, and each wait is anywhere below it", () => {
  const late = new Backoff(() => 0.999999);
  const waits = Array.from({ length: 8 }, () => Math.round(late.nextMs(null)));
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 5000, 5000, 5000, 5000]);
  const soon = new Backoff(() => 0);
  assert.equal(soon.nextMs(null), 100);
});

test("the server's wish is a lower bound", () => {
  assert.equal(new Backoff(() => 0).nextMs(4), 4000);
  assert.equal(new Backoff(() => 0.5).nextMs(4), 4500);
  assert.equal(new Backoff(() => 0).nextMs(Infinity), 86_400_000, "a day at most, since no timer waits for ever");
});

test("a try that took long was a wait too", () => {
  const backoff = new Backoff(() => 0.5);
  assert.equal(backoff.nextMs(null, 100), 150);
  assert.equal(backoff.nextMs(null, 9000), 100);
});

test("it begins anew after a reset", () => {
  const backoff = new Backoff(() => 0.5);
  backoff.nextMs(null);
  backoff.nextMs(null);
  backoff.reset();
  assert.equal(backoff.nextMs(null), 250);
});
