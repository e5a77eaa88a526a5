import assert from "node:assert/strict";
import { test } from "node:test";
import { Ladder } from "../../src/client/ladder.ts";
import { Line } from "../../src/client/line.ts";
import { FakeTransport, ManualClock, settled, subscribed } from "./fakes.ts";

const REFUSED = { detail: "refused", closeCode: 1006 };
const MINUTE_MS = 60_000;

/** Lives on long-poll, since the two above it did not get through. */
async function onLongPoll() {
  const clock = new ManualClock();
  const [websocket, sse, longpoll] = [new FakeTransport("websocket"), new FakeTransport("sse"), new FakeTransport("longpoll")];
  const written: string[] = [];
  const ladder = new Ladder([websocket, sse, longpoll], { read: () => null, write: (text) => void written.push(text) }, () => clock.wallMs());
  const get = (): Promise<Response> => Promise.resolve(new Response("{}", { headers: { "Content-Type": "application/json" } }));
  const line = new Line(
    { ladder, clock, random: () => 0.5, requests: { get, socketUrl: (path) => path }, hasKey: false },
    { wishes: () => [], connecting: () => undefined, message: () => undefined, status: () => undefined },
  );
  line.open();
  for (const transport of [websocket, sse]) {
    transport.last.events.ended(REFUSED);
    await settled();
  }
  longpoll.last.send(subscribed(0));
  const live = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 2_000) {
      await clock.advance(2_000);
      longpoll.last.events.alive();
    }
  };
  return { line, clock, websocket, sse, longpoll, written, live };
}

test("after five minutes the better ones are tried beside the feed, and what fails leaves it alone", async () => {
  const { line, live, websocket, sse, longpoll } = await onLongPoll();
  await live(5 * MINUTE_MS);
  assert.equal(websocket.connections.length, 2);
  websocket.last.events.ended(REFUSED);
  assert.equal(sse.connections.length, 2);
  await live(8_000);
  assert.ok(sse.last.isClosed); // it was held back
  assert.equal(line.status.transport, "longpoll");
  assert.equal(longpoll.connections.length, 1);
  await live(5 * MINUTE_MS);
  assert.equal(websocket.connections.length, 3);
});

test("one that gets through takes the feed over, by a connection of its own, and is remembered", async () => {
  const { line, live, websocket, longpoll, written } = await onLongPoll();
  await live(5 * MINUTE_MS);
  const trial = websocket.last;
  trial.send(subscribed(0));
  assert.ok(trial.isClosed);
  assert.ok(longpoll.last.isClosed);
  assert.equal(websocket.connections.length, 3);
  websocket.last.send(subscribed(0));
  assert.equal(line.status.transport, "websocket");
  assert.match(written.at(-1)!, /websocket/);
});

test("a hub that is full says bye to the trial, which is no sign that it gets through", async () => {
  const { line, live, websocket, sse } = await onLongPoll();
  await live(5 * MINUTE_MS);
  websocket.last.send({ op: "bye", reason: "limit", retryAfterS: 5 });
  assert.equal(sse.connections.length, 2);
  assert.equal(line.status.transport, "longpoll");
});

test("another network is tried soon", async () => {
  const { line, live, websocket } = await onLongPoll();
  await live(10_000);
  line.wake();
  await live(2_000);
  assert.equal(websocket.connections.length, 2);
});

test("a page without panels tries nothing", async () => {
  const { line, clock, websocket } = await onLongPoll();
  line.close();
  await clock.advance(10 * MINUTE_MS);
  assert.equal(websocket.connections.length, 1);
});

test("the best transport has nothing above it", async () => {
  const { live, websocket, sse } = await onLongPoll();
  await live(5 * MINUTE_MS);
  websocket.last.send(subscribed(0));
  websocket.last.send(subscribed(0));
  const before = websocket.connections.length;
  for (let passed = 0; passed < 6 * MINUTE_MS; passed += 2_000) {
    websocket.last.events.alive();
    await live(2_000);
  }
  assert.equal(websocket.connections.length, before);
  assert.equal(sse.connections.length, 1);
});
