import assert from "node:assert/strict";
import { test } from "node:test";
import { sseTransport } from "../../src/transports/sse.ts";
import { ManualClock, settled } from "../client/fakes.ts";
import { FakeServer, FakeWish, Told, wireColumns } from "./fakes.ts";

async function connected(...wishes: FakeWish[]) {
  const [server, clock, told] = [new FakeServer(), new ManualClock(), new Told()];
  const connection = sseTransport(server, clock).connect(wishes, told);
  await clock.advance(0);
  return { server, clock, told, connection };
}

function event(name: string | null, data: unknown, id?: string): string {
  return `${name === null ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n${id === undefined ? "" : `id: ${id}\n`}\n`;
}

const START = event("livedash.start", { cursor: "train:k3x9-3", rooms: ["train"] }, "train:k3x9-3");

test("one request reads all rooms, in columns, as an event stream", async () => {
  const { server } = await connected(new FakeWish("train"), new FakeWish("lab.*"));
  assert.equal(server.asked.length, 1);
  assert.equal(server.last.path, "feed");
  assert.deepEqual(server.last.params.getAll("room"), ["train", "lab.*"]);
  assert.equal(server.last.headers.Accept, "text/event-stream");
  assert.ok(!("Last-Event-ID" in server.last.headers));
});

test("where the stream starts is told as subscriptions, for globs too", async () => {
  const { server, told } = await connected(new FakeWish("train"), new FakeWish("lab.*"));
  server.last.stream();
  server.last.write(START);
  await settled();
  assert.deepEqual(told.messages, [
    { op: "subscribed", room: "lab.*", epoch: "0", offset: 0, recovered: true, key: null },
    { op: "subscribed", room: "train", epoch: "k3x9", offset: 3, recovered: true, key: null },
  ]);
});

test("batches, snapshots, gaps and byes are messages; comments are signs of life", async () => {
  const { server, told } = await connected(new FakeWish("train"));
  server.last.stream();
  server.last.write(event("livedash.snapshot", wireColumns(1, 3, "train", "snapshot"), "train:k3x9-3"));
  server.last.write(event(null, wireColumns(4, 5), "train:k3x9-5") + event("train", wireColumns(6, 6), "train:k3x9-6"));
  await settled();
  assert.deepEqual(told.calls, ["alive", "snapshot", "alive", "columns", "columns"]);
  server.last.write(":\n");
  server.last.write(event("livedash.gap", { op: "gap", room: "train", reason: "slow", from: 7, to: 9 }));
  server.last.write(event("livedash.bye", { op: "bye", reason: "draining", retry_after_s: 2 }));
  await settled();
  assert.deepEqual(told.calls.slice(5), ["alive", "alive", "gap", "alive", "bye"]);
});

test("a hub that is degraded says so on each stream; one that begins without it means that all is well", async () => {
  const { server, clock, told, connection } = await connected(new FakeWish("train"));
  const heard = (): unknown[] => told.messages.flatMap((message) => (message.op === "degraded" ? [message.reason] : []));
  server.last.stream();
  server.last.write(START + event("livedash.degraded", { op: "degraded", reason: "the broker is away" }));
  await settled();
  assert.deepEqual(heard(), ["the broker is away"]);
  connection.subscribe(new FakeWish("prices"));
  await clock.advance(100);
  server.last.stream();
  server.last.write(START);
  await settled();
  assert.deepEqual(heard(), ["the broker is away", null]);
});

test("a quiet stream is asked to give a sign of life every few seconds", async () => {
  const { server } = await connected(new FakeWish("train"));
  assert.equal(server.last.params.get("keep_alive"), "4");
});

test("its end is no wish to wait: only a bye is", async () => {
  const { server, told } = await connected(new FakeWish("train"));
  server.last.stream();
  server.last.write("retry: 2500\n\n");
  server.last.end();
  await settled();
  assert.deepEqual(told.ends, [{ detail: "the event stream ended" }]);
});

test("another room is another request, that goes on by cursor", async () => {
  const train = new FakeWish("train");
  const { server, clock, told, connection } = await connected(train);
  server.last.stream();
  server.last.write(START);
  await settled();
  train.entries = ["train:k3x9-3"];
  connection.subscribe(new FakeWish("lab"));
  connection.subscribe(new FakeWish("door"));
  assert.ok(server.asked[0]!.signal.aborted);
  await clock.advance(100);
  assert.equal(server.asked.length, 2);
  assert.deepEqual(server.last.params.getAll("room"), ["train", "lab", "door"]);
  assert.equal(server.last.headers["Last-Event-ID"], "train:k3x9-3");
  connection.unsubscribe("lab");
  connection.unsubscribe("never");
  await clock.advance(100);
  assert.deepEqual(server.last.params.getAll("room"), ["train", "door"]);
  assert.deepEqual(told.ends, []);
});

test("when the last room is given back, nothing is asked", async () => {
  const { server, clock, connection } = await connected(new FakeWish("train"));
  connection.unsubscribe("train");
  await clock.advance(1000);
  assert.equal(server.asked.length, 1);
  connection.subscribe(new FakeWish("train"));
  await clock.advance(1000);
  assert.equal(server.asked.length, 2);
});

test("of a piece that holds several events, none comes after a change of rooms", async () => {
  const { server, told, connection } = await connected(new FakeWish("train"));
  told.onMessage = () => connection.subscribe(new FakeWish("train"));
  server.last.stream();
  server.last.write(event(null, wireColumns(1, 1)) + event(null, wireColumns(2, 2)));
  await settled();
  assert.deepEqual(told.calls, ["alive", "columns"]);
});

const REFUSALS: readonly (readonly [string, number, string, string, Record<string, string>, unknown])[] = [
  ["an error of ours", 404, "application/json", '{"error":{"code":"not_found","message":"no such room"}}', {}, { status: 404, detail: "no such room", isFromHub: true }],
  ["a full server", 503, "application/json", "{}", { "Retry-After": "7" }, { status: 503, detail: "the server answered 503 with application/json", retryAfterS: 7 }],
  ["a login page", 200, "text/html", "<html>", {}, { status: 200, detail: "the server answered 200 with text/html" }],
];

for (const [what, status, type, body, headers, end] of REFUSALS) {
  test(`${what} is no feed`, async () => {
    const { server, told } = await connected(new FakeWish("train"));
    server.last.answer(status, type, body, headers);
    await settled();
    assert.deepEqual(told.calls, ["ended"]);
    assert.deepEqual(told.ends, [end]);
  });
}

test("a network that fails, and an event that is none, end it", async () => {
  const failing = await connected(new FakeWish("train"));
  failing.server.last.fail(new TypeError("Failed to fetch"));
  await settled();
  assert.match(failing.told.ends[0]!.detail, /Failed to fetch/);
  const broken = await connected(new FakeWish("train"));
  broken.server.last.stream();
  broken.server.last.write("data: {\n\n");
  await settled();
  assert.match(broken.told.ends[0]!.detail, /not JSON/);
  assert.ok(broken.server.last.signal.aborted);
});

test("a connection that was closed tells nothing more and leaves the stream", async () => {
  const { server, told, connection } = await connected(new FakeWish("train"));
  server.last.stream();
  await settled();
  connection.close();
  await settled();
  assert.ok(server.last.signal.aborted);
  assert.deepEqual(told.calls, []);
});

test("rooms beyond the server's bound are told as errors, once", async () => {
  const { server, told, connection, clock } = await connected(...Array.from({ length: 52 }, (_, index) => new FakeWish(`r${index}`)));
  assert.equal(server.last.params.getAll("room").length, 50);
  assert.deepEqual(told.messages.map((message) => "room" in message && message.room), ["r50", "r51"]);
  connection.ping();
  await clock.advance(1000);
  assert.equal(told.messages.length, 2);
});

test("keys are told before any record: in the first event, also of a room whose state is owed, and as they come", async () => {
  const { server, told } = await connected(new FakeWish("train"), new FakeWish("prices"));
  server.last.stream();
  server.last.write(event("livedash.start", { cursor: "train:k3x9-3", rooms: ["train"], keys: { prices: "symbol", train: "step" } }));
  server.last.write(event("livedash.keyed", { op: "keyed", room: "train" }));
  await settled();
  assert.deepEqual(told.messages, [
    { op: "keyed", room: "prices", key: "symbol" },
    { op: "keyed", room: "train", key: "step" },
    { op: "subscribed", room: "train", epoch: "k3x9", offset: 3, recovered: true, key: "step" },
    { op: "keyed", room: "train", key: null },
  ]);
});
