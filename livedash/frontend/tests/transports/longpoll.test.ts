import assert from "node:assert/strict";
import { test } from "node:test";
import { longPollTransport } from "../../src/transports/longpoll.ts";
import { ManualClock, settled } from "../client/fakes.ts";
import { FakeServer, FakeWish, Told, wireColumns } from "./fakes.ts";

async function connected(...wishes: FakeWish[]) {
  const [server, clock, told] = [new FakeServer(), new ManualClock(), new Told()];
  const connection = longPollTransport(server, clock).connect(wishes, told);
  await clock.advance(0);
  return { server, clock, told, connection };
}

test("the first request waits for nothing, so that rooms without a record are known at once", async () => {
  const { server, told } = await connected(new FakeWish("train"));
  assert.equal(server.last.path, "poll");
  assert.equal(server.last.params.get("timeout"), "0");
  assert.equal(server.last.params.get("shape"), "columns");
  server.last.json({ messages: [], cursor: "train:0-0" });
  await settled();
  assert.deepEqual(told.calls, ["alive", "keyed", "subscribed"]);
});

test("each answer is followed by a request behind it, and the cursor comes after the messages", async () => {
  const train = new FakeWish("train");
  const { server, clock, told } = await connected(train);
  server.last.json({ messages: [wireColumns(1, 3, "train", "snapshot")], cursor: "train:k3x9-3" });
  await settled();
  assert.deepEqual(told.calls, ["alive", "keyed", "snapshot", "subscribed"]);
  train.entries = ["train:k3x9-3"];
  await clock.advance(0);
  assert.equal(server.last.params.get("cursor"), "train:k3x9-3");
  assert.equal(server.last.params.get("timeout"), "4");
  await clock.advance(4_000);
  server.last.json({ messages: [], cursor: "train:k3x9-3" });
  await clock.advance(0);
  assert.equal(server.asked.length, 3);
});

test("what fails comes after the positions, which say that all is well", async () => {
  const { server, told } = await connected(new FakeWish("train"));
  server.last.json({ messages: [], cursor: "train:k3x9-3", failing: { train: { read: "OSError" } } });
  await settled();
  assert.deepEqual(told.calls, ["alive", "keyed", "subscribed", "failing"]);
});

test("a hub that is degraded is told once, and once more where an answer says so no longer", async () => {
  const { server, clock, told } = await connected(new FakeWish("train"));
  for (const degraded of ["the broker is away", "the broker is away", undefined, undefined]) {
    server.last.json({ messages: [], cursor: "train:0-0", degraded });
    await settled();
    await clock.advance(1_000);
  }
  const heard = told.messages.filter(({ op }) => op === "degraded");
  assert.deepEqual(heard, [{ op: "degraded", reason: "the broker is away" }, { op: "degraded", reason: null }]);
});

test("empty answers that come too soon are not answered by a storm of requests", async () => {
  const { server, clock } = await connected(new FakeWish("train"));
  server.last.json({ messages: [], cursor: "train:0-0" });
  await clock.advance(0);
  assert.equal(server.asked.length, 2);
  server.last.json({ messages: [], cursor: "train:0-0" });
  await clock.advance(900);
  assert.equal(server.asked.length, 2);
  await clock.advance(200);
  assert.equal(server.asked.length, 3);
});

test("a hole that leads to a new request stops the rest of the answer", async () => {
  const { server, told, connection } = await connected(new FakeWish("train"));
  told.onMessage = ({ op }) => op === "columns" && connection.subscribe(new FakeWish("train"));
  server.last.json({ messages: [wireColumns(1, 1), wireColumns(2, 2)], cursor: "train:k3x9-2" });
  await settled();
  assert.deepEqual(told.calls, ["alive", "keyed", "columns"]);
});

test("a refusal ends it with status and words", async () => {
  const { server, told } = await connected(new FakeWish("train"));
  server.last.answer(403, "application/json", '{"error":{"message":"you may not"}}');
  await settled();
  assert.deepEqual(told.ends, [{ status: 403, detail: "you may not", isFromHub: true }]);
});

test("answers that are none end it", async () => {
  for (const body of ["[]", "{", '{"messages":[5]}']) {
    const { server, told } = await connected(new FakeWish("train"));
    server.last.answer(200, "application/json", body);
    await settled();
    assert.equal(told.calls.at(-1), "ended", body);
  }
});

test("a connection that was closed asks no more", async () => {
  const { server, clock, connection, told } = await connected(new FakeWish("train"));
  connection.close();
  assert.ok(server.last.signal.aborted);
  await clock.advance(60_000);
  assert.equal(server.asked.length, 1);
  assert.deepEqual(told.calls, []);
});

test("keys are told before the records, of rooms that have none too", async () => {
  const { server, told } = await connected(new FakeWish("train"), new FakeWish("prices"));
  server.last.json({ messages: [wireColumns(1, 3, "prices", "snapshot")], cursor: "train:0-0,prices:k3x9-3", keys: { prices: "n" } });
  await settled();
  assert.deepEqual(told.calls, ["alive", "keyed", "keyed", "snapshot", "subscribed", "subscribed"]);
  assert.deepEqual(told.messages.slice(0, 2), [{ op: "keyed", room: "prices", key: "n" }, { op: "keyed", room: "train", key: null }]);
});
