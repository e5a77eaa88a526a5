import assert from "node:assert/strict";
import { test } from "node:test";
import { PageClient } from "../../src/client/client.ts";
import { Ladder } from "../../src/client/ladder.ts";
import type { Requests, TransportName } from "../../src/transports/contract.ts";
import { columns, FakeTransport, ManualClock, Recorder, settled, snapshot, subscribed } from "./fakes.ts";

const ANSWERS = (): Promise<Response> => Promise.resolve(new Response("{}", { headers: { "Content-Type": "application/json" } }));
const FORGETFUL = { read: () => null, write: () => undefined };

function page(names: TransportName[] = ["websocket", "sse", "longpoll"], answer: () => Promise<Response> = () => Promise.reject(new TypeError("no route")), hasKey = false) {
  const clock = new ManualClock();
  const transports = names.map((name) => new FakeTransport(name));
  const requests: Requests = { get: answer, socketUrl: (path) => `ws://hub/${path}` };
  const ladder = new Ladder(transports as [FakeTransport], FORGETFUL, () => clock.now());
  const client = new PageClient({ ladder, clock, random: () => 0.5, requests, hasKey });
  return { client, clock, transports, first: transports[0]!, second: transports[1]! };
}

test("a panel gets status, snapshot and what follows", async () => {
  const { client, first } = page();
  const panel = new Recorder();
  client.subscribe({ room: "train" }, panel);
  assert.deepEqual(panel.calls, []);
  await settled();
  first.last.send(subscribed(3), snapshot(1, 3), columns(4, 5));
  await settled();
  assert.deepEqual(panel.held, [1, 2, 3, 4, 5]);
  assert.equal(panel.calls[0], "status:connecting");
  assert.equal(panel.last?.state, "live");
  assert.equal(panel.last?.transport, "websocket");
});

test("two panels of a room share one subscription, and the later one gets its own snapshot at once", async () => {
  const { client, first } = page();
  const [early, late] = [new Recorder(), new Recorder()];
  client.subscribe({ room: "train" }, early);
  first.last.send(subscribed(3), snapshot(1, 3), columns(4, 5));
  client.subscribe({ room: "train", window: 2 }, late);
  assert.deepEqual(late.calls, []);
  await settled();
  assert.deepEqual(late.held, [4, 5]);
  assert.equal(first.last.asked.length, 1);
  first.last.send(columns(6, 6));
  assert.deepEqual(late.held, [4, 5, 6]);
  assert.deepEqual(early.held, [1, 2, 3, 4, 5, 6]);
});

test("a later panel with a larger window has the state asked for again", async () => {
  const { client, first } = page();
  const [small, large] = [new Recorder(), new Recorder()];
  client.subscribe({ room: "train", window: 2 }, small);
  first.last.send(subscribed(9), snapshot(8, 9));
  client.subscribe({ room: "train", window: 5 }, large);
  assert.deepEqual(first.last.asked.at(-1), { room: "train", window: 5, since: "snapshot" });
  first.last.send(columns(10, 10), subscribed(10), snapshot(6, 10), columns(11, 11));
  assert.deepEqual(large.held, [6, 7, 8, 9, 10, 11]);
  assert.deepEqual(small.held, large.held);
});

test("a reconnect goes on by cursor, and no record comes twice", async () => {
  const { client, clock, first } = page();
  const panel = new Recorder();
  client.subscribe({ room: "train" }, panel);
  first.last.send(subscribed(2), snapshot(1, 2), columns(3, 3));
  first.last.events.ended({ detail: "cut", closeCode: 1006 });
  await settled();
  assert.equal(panel.last?.state, "reconnecting");
  await clock.advance(500);
  assert.equal(first.connections.length, 2);
  assert.equal(first.last.asked[0]?.since, "train:k3x9-3");
  first.last.send(subscribed(3), columns(2, 5));
  await settled();
  assert.deepEqual(panel.held, [1, 2, 3, 4, 5]);
  assert.equal(panel.last?.state, "live");
});

test("a hole is asked for from the last record on", () => {
  const { client, first } = page();
  const panel = new Recorder();
  client.subscribe({ room: "train" }, panel);
  first.last.send(subscribed(2), snapshot(1, 2), columns(5, 6), columns(7, 7));
  assert.deepEqual(first.last.asked.map(({ since }) => since), ["snapshot", "train:k3x9-2"]);
  first.last.send(subscribed(2), columns(3, 7));
  assert.deepEqual(panel.held, [1, 2, 3, 4, 5, 6, 7]);
});

test("a gap is told, and the snapshot that follows replaces what is held", () => {
  const { client, first } = page();
  const panel = new Recorder();
  client.subscribe({ room: "train" }, panel);
  first.last.send(subscribed(2), snapshot(1, 2));
  first.last.send({ op: "gap", room: "train", reason: "restarted", from: null, to: null }, snapshot(1, 1, "train", "new1"), columns(2, 2, "train", "new1"));
  assert.deepEqual(panel.gaps, [{ reason: "restarted" }]);
  assert.deepEqual(panel.held, [1, 2]);
});

test("a room without a record is waited for, and its first record is shown", async () => {
  const { client, first } = page();
  const panel = new Recorder();
  client.subscribe({ room: "train" }, panel);
  first.last.send(subscribed(0, "train", "0"));
  await settled();
  assert.equal(panel.last?.state, "waiting");
  first.last.send(columns(1, 1), columns(2, 2));
  await settled();
  assert.equal(panel.last?.state, "live");
  assert.deepEqual(panel.held, [1, 2]);
});

test("a glob's panel gets each room that it covers", () => {
  const { client, first } = page();
  const panel = new Recorder();
  const subscription = client.subscribe({ room: "lab.*" }, panel);
  first.last.send(subscribed(0, "lab.*", "0"), subscribed(1, "lab.a"), snapshot(1, 1, "lab.a"), subscribed(0, "lab.b"), columns(1, 2, "lab.b"));
  assert.deepEqual(panel.calls.filter((call) => !call.startsWith("status")), ["snapshot", "snapshot"]);
  subscription.close();
  assert.deepEqual(first.last.unsubscribed.sort(), ["lab.*", "lab.a", "lab.b"]);
});

test("a room that the page may not read fails alone", async () => {
  const { client, first } = page();
  const [good, bad] = [new Recorder(), new Recorder()];
  client.subscribe({ room: "train" }, good);
  client.subscribe({ room: "secret" }, bad);
  first.last.send(subscribed(0, "train"), { op: "error", code: "not_found", message: "no such room", room: "secret" });
  await settled();
  assert.equal(bad.last?.state, "failed");
  assert.equal(bad.last?.reason, "no such room");
  assert.equal(good.last?.state, "live");
});

test("a hub that never says a word is looked for by the next transport after five seconds", async () => {
  const { client, clock, first, second } = page(undefined, ANSWERS);
  const panel = new Recorder();
  client.subscribe({ room: "train" }, panel);
  await clock.advance(4_500);
  assert.equal(second.connections.length, 0);
  await clock.advance(500);
  assert.ok(first.last.isClosed);
  assert.equal(second.connections.length, 1);
  second.last.send(subscribed(1), snapshot(1, 1));
  assert.equal(client.statistics().transport, "sse");
});

test("a pong keeps a quiet connection", async () => {
  const { client, clock, first } = page();
  client.subscribe({ room: "train" }, new Recorder());
  first.last.send(subscribed(0));
  for (let pings = 1; pings <= 6; pings++) {
    await clock.advance(5_000);
    assert.equal(first.last.pings, pings);
    first.last.send({ op: "pong" });
  }
  assert.equal(first.connections.length, 1);
  assert.equal(client.status().state, "live");
});

test("a connection that falls silent is told as stale", async () => {
  const { client, clock, first } = page();
  const panel = new Recorder();
  client.subscribe({ room: "train" }, panel);
  first.last.send(subscribed(0));
  await clock.advance(6_000);
  assert.equal(panel.last?.state, "stale");
  first.last.send({ op: "pong" });
  await settled();
  assert.equal(panel.last?.state, "live");
});

test("a refused WebSocket of a server that answers moves on, one of a server that is away comes back", async () => {
  const blocked = page(undefined, ANSWERS);
  blocked.client.subscribe({ room: "train" }, new Recorder());
  blocked.first.last.events.ended({ detail: "refused", closeCode: 1006 });
  await settled();
  assert.equal(blocked.second.connections.length, 1);

  const away = page();
  away.client.subscribe({ room: "train" }, new Recorder());
  for (let tries = 1; tries <= 4; tries++) {
    away.first.last.events.ended({ detail: "refused", closeCode: 1006 });
    await away.clock.advance(5_000);
    assert.equal(away.first.connections.length, tries + 1);
  }
  assert.equal(away.second.connections.length, 0);
});

for (const [status, fix] of [[401, /log in/], [403, /log in/], [404, /install livedash/]] as const) {
  test(`a login that the server refuses with ${status} stays away and says what helps`, async () => {
    const { client, clock, first } = page(undefined, () => Promise.resolve(new Response("{}", { status })));
    const panel = new Recorder();
    client.subscribe({ room: "train" }, panel);
    first.last.events.ended({ detail: "refused", closeCode: 1006 });
    await clock.advance(60_000);
    assert.equal(panel.last?.state, "failed");
    assert.match(panel.last?.fix ?? "", fix);
    assert.equal(first.connections.length, 1);
  });
}

test("a server that drains is not asked before the time that it gave", async () => {
  const { client, clock, first } = page();
  client.subscribe({ room: "train" }, new Recorder());
  first.last.send(subscribed(0), { op: "bye", reason: "draining", retryAfterS: 4 });
  first.last.events.ended({ detail: "draining", closeCode: 4001 });
  await clock.advance(3_900);
  assert.equal(first.connections.length, 1);
  await clock.advance(1_200);
  assert.equal(first.connections.length, 2);
});

test("a revoked link has ended for good", async () => {
  const { client, clock, first } = page(undefined, undefined, true);
  const panel = new Recorder();
  client.subscribe({ room: "train" }, panel);
  first.last.send(subscribed(0), { op: "bye", reason: "revoked", retryAfterS: null });
  first.last.events.ended({ detail: "", closeCode: 4102 });
  client.wake();
  await clock.advance(60_000);
  assert.equal(panel.last?.state, "ended");
  assert.equal(first.connections.length, 1);
});

test("a page that wakes up tries at once", async () => {
  const { client, clock, first } = page();
  client.subscribe({ room: "train" }, new Recorder());
  first.last.send(subscribed(0), { op: "bye", reason: "draining", retryAfterS: 60 });
  first.last.events.ended({ detail: "draining", closeCode: 4001 });
  client.wake();
  await settled();
  assert.equal(first.connections.length, 2);
  await clock.advance(61_000);
  assert.equal(first.connections.filter(({ isClosed }) => !isClosed).length <= 1, true);
});

test("without a server, the comm of the widget is taken, and a late page shows what it streams", async () => {
  const { client, first, transports } = page(["websocket", "sse", "comm"], () => Promise.resolve(new Response("{}", { status: 404 })));
  const panel = new Recorder();
  client.subscribe({ room: "train" }, panel);
  first.last.events.ended({ detail: "refused", closeCode: 1006 });
  await settled();
  const comm = transports[2]!;
  comm.last.send(columns(5, 6), columns(7, 7));
  await settled();
  assert.deepEqual(panel.held, [5, 6, 7]);
  assert.equal(panel.last?.transport, "comm");
  comm.last.send(subscribed(7), snapshot(1, 7), columns(8, 8));
  assert.deepEqual(panel.held, [1, 2, 3, 4, 5, 6, 7, 8]);
});

test("what each publisher lost in all is added up", async () => {
  const { client, first } = page();
  const panel = new Recorder();
  client.subscribe({ room: "train" }, panel);
  const lost = (publisher: string, dropped: number) => ({ op: "notice", room: "train", publisher, dropped }) as const;
  first.last.send(subscribed(0), lost("p1", 2), lost("p1", 4), lost("p2", 2));
  await settled();
  assert.equal(panel.last?.publisherDropped, 6);
});

test("sources that fail are told until they are well, and forgotten where a new answer to the subscription does not have them", async () => {
  const { client, first } = page();
  const panel = new Recorder();
  client.subscribe({ room: "train" }, panel);
  const failing = (...sources: [string, string][]) => ({ op: "failing", room: "train", sources: new Map(sources) }) as const;
  first.last.send(subscribed(0), failing(["read", "OSError: no disk"]));
  await settled();
  assert.deepEqual(panel.last?.failing, [{ name: "read", error: "OSError: no disk" }]);
  first.last.send(failing());
  await settled();
  assert.equal(panel.last?.failing, undefined);
  first.last.send(failing(["read", "OSError"]), subscribed(0));
  await settled();
  assert.equal(panel.last?.failing, undefined);
});

test("panels hear that the hub is degraded, those that come later too, and that it is well again", async () => {
  const { client, first } = page();
  const [panel, late] = [new Recorder(), new Recorder()];
  client.subscribe({ room: "train" }, panel);
  first.last.send({ op: "degraded", reason: "the broker is away" }, subscribed(0));
  client.subscribe({ room: "train" }, late);
  await settled();
  assert.deepEqual([panel.last?.degraded, late.last?.degraded, client.status().degraded], Array(3).fill("the broker is away"));
  first.last.send({ op: "degraded", reason: null });
  await settled();
  assert.deepEqual([panel.last?.degraded, late.last?.degraded, client.status().degraded], Array(3).fill(undefined));
});

test("statistics list the panels that are registered", () => {
  const { client } = page();
  const remove = client.registerPanel(() => ({ room: "train", painted_offset: 7, frames: 1, dropped: 0, state: "live" }));
  assert.equal(client.statistics().panels[0]?.painted_offset, 7);
  remove();
  assert.deepEqual(client.statistics(), { transport: null, panels: [] });
});

test("a panel of a room that a glob reads already has its state at once, and leaves it to the glob when it goes", async () => {
  const { client, first } = page();
  const [family, single] = [new Recorder(), new Recorder()];
  client.subscribe({ room: "lab.*" }, family);
  first.last.send(subscribed(0, "lab.*", "0"), subscribed(2, "lab.a"), snapshot(1, 2, "lab.a"));
  const subscription = client.subscribe({ room: "lab.a" }, single);
  await settled();
  assert.deepEqual(single.held, [1, 2]);
  assert.equal(first.last.asked.at(-1)?.since, "lab.a:k3x9-2");
  first.last.send(subscribed(2, "lab.a"), columns(3, 3, "lab.a"));
  assert.deepEqual([family.held, single.held], [[1, 2, 3], [1, 2, 3]]);
  subscription.close();
  assert.deepEqual(first.last.unsubscribed, []);
});

test("a panel that is made while records are handed out misses none of them", async () => {
  const { client, first } = page();
  const [outer, inner] = [new Recorder(), new Recorder()];
  const plain = outer.snapshot.bind(outer);
  outer.snapshot = (state, key) => {
    plain(state, key);
    client.subscribe({ room: "train" }, inner);
  };
  client.subscribe({ room: "train" }, outer);
  first.last.send(subscribed(2), snapshot(1, 2), columns(3, 3), columns(4, 4));
  await settled();
  assert.deepEqual(inner.held, [1, 2, 3, 4]);
});

test("a panel that throws does not keep records from the others", (context) => {
  const errors = context.mock.method(console, "error", () => undefined);
  const { client, first } = page();
  const [bad, good] = [new Recorder(), new Recorder()];
  bad.snapshot = () => {
    throw new Error("no canvas");
  };
  client.subscribe({ room: "train" }, bad);
  client.subscribe({ room: "train" }, good);
  first.last.send(subscribed(2), snapshot(1, 2), columns(3, 3));
  assert.deepEqual(good.held, [1, 2, 3]);
  assert.equal(errors.mock.callCount(), 1);
});

test("a room that was refused and is given after all is live again", async () => {
  const { client, first } = page();
  const panel = new Recorder();
  client.subscribe({ room: "train" }, panel);
  first.last.send({ op: "error", code: "limit_reached", message: "too many rooms", room: "train" });
  await settled();
  assert.equal(panel.last?.state, "failed");
  first.last.send(subscribed(1), snapshot(1, 1));
  await settled();
  assert.equal(panel.last?.state, "live");
});

test("panels that want different things of a room share what serves both", () => {
  const { client, first } = page();
  client.subscribe({ room: "train", mode: "latest", maxHz: 2, window: 5 }, new Recorder());
  client.subscribe({ room: "train", mode: "sample", maxHz: 7, window: 3 }, new Recorder());
  const wish = first.last.wishes.at(-1)!;
  assert.deepEqual([wish.mode, wish.maxHz, wish.window], ["latest", 2, 5]);
  first.last.send(subscribed(9), snapshot(5, 9));
  client.subscribe({ room: "train", mode: "all" }, new Recorder());
  assert.deepEqual([first.last.wishes.at(-1)?.mode, first.last.wishes.at(-1)?.maxHz], ["all", null]);
});

test("a status that did not change is told once", async () => {
  const { client, first } = page();
  const panel = new Recorder();
  client.subscribe({ room: "train" }, panel);
  for (let round = 0; round < 5; round++) {
    first.last.send(subscribed(2), { op: "pong" });
    await settled();
  }
  assert.deepEqual(panel.calls, ["status:live"]);
});

test("panels of a keyed room are told its key with the state, and a later one gets the latest record of every key", async () => {
  const { client, first } = page();
  const [early, late] = [new Recorder(), new Recorder()];
  client.subscribe({ room: "train", window: 2 }, early);
  first.last.send(subscribed(3, "train", "k3x9", "n"), snapshot(1, 3), columns(4, 5));
  client.subscribe({ room: "train", window: 2 }, late);
  await settled();
  assert.deepEqual([early.key, late.key, late.held], ["n", "n", [1, 2, 3, 4, 5]]);
  assert.equal(first.last.asked.length, 1);
});

test("a room that is keyed once it begins is told so before its records", async () => {
  const { client, first } = page();
  const panel = new Recorder();
  client.subscribe({ room: "train" }, panel);
  first.last.send(subscribed(0, "train", "0"), { op: "keyed", room: "train", key: "n" }, columns(1, 2), columns(3, 3));
  await settled();
  assert.deepEqual([panel.key, panel.held], ["n", [1, 2, 3]]);
});
