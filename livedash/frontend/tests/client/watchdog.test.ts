import assert from "node:assert/strict";
import { test } from "node:test";
import { Watchdog } from "../../src/client/watchdog.ts";
import { ManualClock } from "./fakes.ts";

const HOUR_MS = 3_600_000;

function watched() {
  const clock = new ManualClock();
  const calls: string[] = [];
  const startMs = clock.now();
  const note = (what: string): void => void calls.push(`${what} ${(clock.now() - startMs) / 1000}`);
  const dog = new Watchdog(clock, { ping: () => note("ping"), stale: () => note("stale"), giveUp: (silence) => note(silence) });
  return { clock, calls, dog };
}

function alive() {
  const it = watched();
  it.dog.alive();
  return it;
}

test("a connection on which the hub never says a word is given up after 5 s, and nobody is told that it is stale", async () => {
  const { clock, calls } = watched();
  await clock.advance(60_000);
  assert.deepEqual(calls, ["mute 5"]);
});

test("silence is asked about after 4 s, told after 6 s and ends after 8 s", async () => {
  const { clock, calls } = alive();
  await clock.advance(60_000);
  assert.deepEqual(calls, ["ping 4", "stale 6", "silent 8"]);
});

test("bytes start the count anew, and say if they ended a stale time", async () => {
  const { clock, calls, dog } = alive();
  await clock.advance(3_000);
  assert.ok(!dog.alive());
  await clock.advance(7_000);
  assert.ok(dog.alive());
  await clock.advance(3_000);
  assert.deepEqual(calls, ["ping 7", "stale 9"]);
});

test("a page whose timers slept does not take its own sleep for silence, and asks at once", async () => {
  const { clock, calls, dog } = alive();
  clock.sleep(HOUR_MS);
  await clock.advance(0);
  assert.deepEqual(calls, ["ping 3600", "stale 3600"]);
  await clock.advance(2_000);
  dog.alive();
  await clock.advance(3_000);
  assert.equal(calls.length, 2);
});

test("after a sleep, a question that stays without an answer ends it soon", async () => {
  const { clock, calls } = alive();
  clock.sleep(HOUR_MS);
  await clock.advance(10_000);
  assert.deepEqual(calls, ["ping 3600", "stale 3600", "doubted 3603"]);
});

test("a machine that slept is known by its wall clock, where the page's own stood still", async () => {
  const { clock, calls } = alive();
  await clock.advance(1_000);
  clock.setWall(HOUR_MS);
  await clock.advance(4_000);
  assert.deepEqual(calls, ["ping 1.5", "doubted 4.5"]);
});

test("a clock that is set back changes nothing", async () => {
  const { clock, calls, dog } = alive();
  await clock.advance(1_000);
  clock.setWall(-HOUR_MS);
  await clock.advance(2_500);
  dog.alive();
  assert.deepEqual(calls, []);
  await clock.advance(60_000);
  assert.deepEqual(calls, ["ping 7.5", "stale 9.5", "silent 11.5"]);
});

test("a connection that slept before its first word gets its whole time again", async () => {
  const { clock, calls } = watched();
  await clock.advance(4_000);
  clock.sleep(HOUR_MS);
  await clock.advance(4_500);
  assert.deepEqual(calls, ["ping 3604"]);
  await clock.advance(1_000);
  assert.deepEqual(calls, ["ping 3604", "mute 3609"]);
});

test("one who doubts asks at once and only once, and gives up after 3 s without an answer", async () => {
  const { clock, calls, dog } = alive();
  await clock.advance(2_000);
  dog.doubt();
  dog.doubt();
  assert.deepEqual(calls, ["ping 2"]);
  await clock.advance(3_500);
  assert.deepEqual(calls, ["ping 2", "doubted 5"]);
});

test("an answer ends the doubt", async () => {
  const { clock, calls, dog } = alive();
  dog.doubt();
  await clock.advance(1_000);
  dog.alive();
  await clock.advance(3_500);
  dog.stop();
  await clock.advance(60_000);
  assert.deepEqual(calls, ["ping 0"]);
});
