import assert from "node:assert/strict";
import { test } from "node:test";
import { Watchdog } from "../../src/client/watchdog.ts";
import { ManualClock } from "./fakes.ts";

function watched() {
  const clock = new ManualClock();
  const calls: string[] = [];
  const startMs = clock.now();
  const note = (what: string) => () => void calls.push(`${what} ${(clock.now() - startMs) / 1000}`);
  return { clock, calls, dog: new Watchdog(clock, { ping: note("ping"), stale: note("stale"), giveUp: note("giveUp") }) };
}

test("silence is asked about after 10 s, told after 17 s and ends after 20 s", async () => {
  const { clock, calls } = watched();
  await clock.advance(60_000);
  assert.deepEqual(calls, ["ping 10", "stale 17", "giveUp 20"]);
});

test("bytes start the count anew, and say if they ended a stale time", async () => {
  const { clock, calls, dog } = watched();
  await clock.advance(9_000);
  assert.ok(!dog.alive());
  await clock.advance(18_000);
  assert.ok(dog.alive());
  await clock.advance(9_000);
  assert.deepEqual(calls, ["ping 19", "stale 26"]);
});

test("a page whose timers slept does not take its own sleep for silence", async () => {
  const { clock, calls, dog } = watched();
  clock.sleep(3_600_000);
  await clock.advance(0);
  assert.deepEqual(calls, ["ping 3600", "stale 3600"]);
  await clock.advance(2_000);
  dog.alive();
  await clock.advance(5_000);
  assert.equal(calls.length, 2);
});

test("after a sleep, a question that stays without an answer ends it soon", async () => {
  const { clock, calls } = watched();
  clock.sleep(3_600_000);
  await clock.advance(10_000);
  assert.deepEqual(calls, ["ping 3600", "stale 3600", "giveUp 3609"]);
});

test("one who doubts asks at once, and only once", async () => {
  const { clock, calls, dog } = watched();
  await clock.advance(3_000);
  dog.ask();
  dog.ask();
  assert.deepEqual(calls, ["ping 3"]);
  dog.stop();
  await clock.advance(60_000);
  assert.deepEqual(calls, ["ping 3"]);
});
