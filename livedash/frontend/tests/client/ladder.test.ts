import assert from "node:assert/strict";
import { test } from "node:test";
import { Ladder } from "../../src/client/ladder.ts";
import type { TransportName } from "../../src/transports/contract.ts";
import { FakeTransport } from "./fakes.ts";

const HOUR_MS = 60 * 60 * 1000;
const ALL: readonly TransportName[] = ["websocket", "sse", "longpoll"];

class FakeMemory {
  text: string | null = null;
  read = (): string | null => this.text;
  write = (text: string): void => void (this.text = text);
}

function ladder(memory = new FakeMemory(), names = ALL) {
  const time = { nowMs: 1_700_000_000_000 };
  const make = (): Ladder => new Ladder(names.map((name) => new FakeTransport(name)) as [FakeTransport], memory, () => time.nowMs);
  return { time, memory, make, ladder: make() };
}

test("it climbs from one to the next and says when all have been tried", () => {
  const { ladder: it } = ladder();
  assert.equal(it.current.name, "websocket");
  assert.ok(it.next());
  assert.equal(it.current.name, "sse");
  assert.ok(it.next());
  assert.ok(!it.next());
  assert.equal(it.current.name, "websocket");
  assert.ok(it.next());
});

test("what worked is taken first on the next page, for an hour from when it first did", () => {
  const { ladder: it, make, time } = ladder();
  it.next();
  it.worked();
  assert.equal(make().current.name, "sse");
  time.nowMs += HOUR_MS / 2;
  const second = make();
  second.worked();
  time.nowMs += HOUR_MS / 2;
  assert.equal(make().current.name, "websocket");
});

test("it knows what is better than what it has, and takes that when it is told", () => {
  const { ladder: it } = ladder(undefined, [...ALL, "comm"]);
  assert.deepEqual(it.better(), []);
  it.next();
  it.next();
  assert.deepEqual(it.better().map(({ name }) => name), ["websocket", "sse"]);
  it.take(it.better()[1]!);
  assert.equal(it.current.name, "sse");
  it.takeComm();
  assert.deepEqual(it.better(), []); // the server was refused
});

test("what stands in the memory and is nothing of ours is passed over", () => {
  for (const text of ["{", "5", "[]", '"sse"', '{"transport":"pigeon","sinceMs":1700000000000}', '{"transport":"sse","sinceMs":9e15}', '{"transport":"sse"}']) {
    const memory = new FakeMemory();
    memory.text = text;
    assert.equal(ladder(memory).ladder.current.name, "websocket", text);
  }
});

test("the comm is taken once, where there is one, and never remembered", () => {
  assert.ok(!ladder().ladder.takeComm());
  const { ladder: it, memory } = ladder(undefined, ["websocket", "comm"]);
  assert.ok(it.takeComm());
  assert.equal(it.current.name, "comm");
  assert.ok(!it.takeComm());
  it.worked();
  assert.equal(memory.text, null);
});
