import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { FeedStatus } from "../../src/client/contract.ts";
import { Ladder } from "../../src/client/ladder.ts";
import { Line } from "../../src/client/line.ts";
import type { TransportName } from "../../src/transports/contract.ts";
import { batch, FakeTransport, ManualClock, settled, subscribed } from "./fakes.ts";

const SERVER: readonly TransportName[] = ["websocket", "sse", "longpoll"];
const JSON_HEADERS = { "Content-Type": "application/json" };
const ANSWERS = (): Promise<Response> => Promise.resolve(new Response("{}", { headers: JSON_HEADERS }));
const AWAY = (): Promise<Response> => Promise.reject(new TypeError("Failed to fetch"));

function opened(names = SERVER, get: () => Promise<Response> = ANSWERS, hasKey = false) {
  const clock = new ManualClock();
  const transports = Object.fromEntries(names.map((name) => [name, new FakeTransport(name)])) as Record<TransportName, FakeTransport>;
  const ladder = new Ladder(Object.values(transports) as [FakeTransport], { read: () => null, write: () => undefined }, () => clock.now());
  const states: FeedStatus[] = [];
  const requests = { get, socketUrl: (path: string) => path };
  const line = new Line(
    { ladder, clock, random: () => 0.5, requests, hasKey },
    { wishes: () => [], connecting: () => undefined, message: () => undefined, status: (status) => void states.push(status) },
  );
  line.open();
  return { line, clock, ladder, states, ...transports };
}

const REFUSED = { detail: "refused", closeCode: 1006 };

test("a handshake alone is no sign that the feed gets through", async () => {
  const { line, websocket, clock } = opened();
  websocket.last.events.alive();
  assert.equal(line.status.state, "connecting");
  websocket.last.send(subscribed(0));
  assert.deepEqual(line.status, { state: "live", transport: "websocket", sinceMs: clock.now() });
});

test("what a hub says of itself first is no sign that the feed gets through, and belongs to its connection", async () => {
  const { line, clock, websocket } = opened();
  websocket.last.send({ op: "degraded", reason: "the broker is away" });
  assert.equal(line.status.state, "connecting");
  websocket.last.send(subscribed(0));
  assert.deepEqual([line.status.state, line.status.degraded], ["live", "the broker is away"]);
  websocket.last.send({ op: "degraded", reason: null });
  assert.deepEqual(line.status, { state: "live", transport: "websocket", sinceMs: clock.now() });
  websocket.last.send({ op: "degraded", reason: "" });
  assert.equal(line.status.degraded, "");
  websocket.last.events.ended({ detail: "cut", closeCode: 1006 });
  await clock.advance(10_000);
  websocket.last.send(subscribed(0));
  assert.deepEqual([line.status.state, "degraded" in line.status], ["live", false]);
});

test("a stream that ends before it said anything is as bad as a WebSocket that is refused", async () => {
  const { websocket, sse, longpoll } = opened();
  websocket.last.events.ended(REFUSED);
  await settled();
  sse.last.events.ended({ detail: "the event stream ended" });
  await settled();
  assert.equal(longpoll.connections.length, 1);
});

test("when no transport gets through, it waits before it begins anew", async () => {
  const { line, clock, websocket, sse, longpoll } = opened();
  for (const transport of [websocket, sse, longpoll]) {
    transport.last.events.ended(REFUSED);
    await settled();
  }
  assert.equal(line.status.state, "reconnecting");
  assert.match(line.status.reason ?? "", /no transport gets through/);
  assert.equal(line.status.retryInS, 0.25);
  assert.equal(websocket.connections.length, 1);
  await clock.advance(1000);
  assert.equal(websocket.connections.length, 2);
});

test("pages whose server is gone without a word come back apart, however long they were connected", async () => {
  const { line, clock, websocket } = opened();
  websocket.last.send(subscribed(0));
  for (let second = 0; second < 600; second += 4) {
    await clock.advance(4_000);
    websocket.last.events.alive();
  }
  websocket.last.events.ended(REFUSED);
  assert.equal(line.status.state, "reconnecting");
  assert.equal(line.status.retryInS, 0.25); // half of the first bound, by the jitter of these tests
});

test("a server that drains while a lower transport is tried is met by the best one again", async () => {
  const { clock, websocket, sse, longpoll } = opened();
  websocket.last.events.ended(REFUSED);
  await settled();
  sse.last.send({ op: "bye", reason: "draining", retryAfterS: 2 });
  sse.last.events.ended({ detail: "the event stream ended", retryAfterS: 1 });
  await clock.advance(1_900);
  assert.equal(websocket.connections.length, 1);
  await clock.advance(1_000);
  assert.equal(websocket.connections.length, 2);
  websocket.last.events.ended(REFUSED);
  await settled();
  sse.last.events.ended({ status: 503, detail: "full", retryAfterS: 1 });
  await clock.advance(2_000);
  assert.equal(websocket.connections.length, 3);
  assert.equal(longpoll.connections.length, 0);
});

test("a bye over a connection that worked comes back the same way", async () => {
  const { clock, websocket, sse } = opened();
  websocket.last.events.ended(REFUSED);
  await settled();
  sse.last.send(subscribed(0), { op: "bye", reason: "draining", retryAfterS: 2 });
  sse.last.events.ended({ detail: "the event stream ended" });
  await clock.advance(3_000);
  assert.equal(sse.connections.length, 2);
});

test("a login page in the place of an answer says to log in", async () => {
  const page = (): Promise<Response> => Promise.resolve(new Response("<html>", { headers: { "Content-Type": "text/html" } }));
  const { line, websocket } = opened(SERVER, page);
  websocket.last.events.ended(REFUSED);
  await settled();
  assert.equal(line.status.state, "failed");
  assert.match(line.status.fix ?? "", /log in/);
});

test("a page that never reached a server takes its comm, one that has waits for the server", async () => {
  const near = opened([...SERVER, "comm"], AWAY);
  near.websocket.last.events.ended(REFUSED);
  await near.clock.advance(500);
  assert.equal(near.comm.connections.length, 0);
  near.websocket.last.events.ended(REFUSED);
  await settled();
  assert.equal(near.comm.connections.length, 1);
  assert.equal(near.line.canAsk, false);

  const far = opened([...SERVER, "comm"], AWAY);
  far.websocket.last.send(subscribed(0));
  for (let tries = 0; tries < 5; tries++) {
    far.websocket.last.events.ended(REFUSED);
    await far.clock.advance(5_000);
  }
  assert.equal(far.comm.connections.length, 0);
  assert.equal(far.websocket.connections.length, 6);
});

test("a comm is not judged by its silence", async () => {
  const { line, clock, comm } = opened(["comm"]);
  comm.last.send(subscribed(0));
  await clock.advance(3_600_000);
  assert.equal(comm.connections.length, 1);
  assert.equal(line.status.state, "live");
});

test("a connection that lived for long and fell silent was cut: the same transport is tried again", async () => {
  const { clock, websocket, sse } = opened();
  for (let connections = 1; connections <= 3; connections++) {
    for (let times = 0; times < 13; times++) {
      websocket.last.send({ op: "columns", batch: batch(1, 1), skipped: 0 });
      await clock.advance(5_000);
    }
    await clock.advance(3_000);
    assert.equal(websocket.connections.length, connections + 1);
  }
  assert.equal(sse.connections.length, 0);
});

test("a question that is not answered is given up", async () => {
  let aborted = false;
  const { line, clock, websocket } = opened(SERVER, ((_path: string, { signal }: { signal: AbortSignal }) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        aborted = true;
        reject(new Error("aborted"));
      });
    })) as never);
  websocket.last.events.ended(REFUSED);
  await clock.advance(3_400);
  assert.equal(websocket.connections.length, 1);
  await clock.advance(1_000);
  assert.ok(aborted);
  assert.equal(websocket.connections.length, 2);
  line.close();
  assert.equal(websocket.last.isClosed, true);
});

for (const [code, state] of [[4000, "reconnecting"], [4099, "reconnecting"], [4100, "failed"], [4101, "failed"], [4102, "ended"], [4150, "failed"], [1011, "reconnecting"]] as const) {
  test(`close code ${code} leads to ${state}`, async () => {
    const { line, websocket } = opened();
    websocket.last.send(subscribed(0));
    websocket.last.events.ended({ detail: "x", closeCode: code });
    await settled();
    assert.equal(line.status.state, state);
  });
}

for (const [reason, state] of [["expired", "ended"], ["revoked", "ended"], ["not_allowed", "failed"], ["someday", "failed"]] as const) {
  test(`a bye for good because of ${reason} leads to ${state}`, async () => {
    const { line, websocket } = opened();
    websocket.last.send(subscribed(0), { op: "bye", reason, retryAfterS: null });
    websocket.last.events.ended({ detail: "the event stream ended" });
    await settled();
    assert.equal(line.status.state, state);
    assert.ok(line.status.reason && line.status.fix);
  });
}

/** Of tests/vectors/endings.json, which the Python clients' tests read too. */
const ENDINGS = JSON.parse(readFileSync("../../tests/vectors/endings.json", "utf8")) as {
  readonly close_codes: readonly { readonly code: number; readonly comes_back: boolean }[];
  readonly byes: readonly { readonly reason: string; readonly retry_after_s: number | null; readonly comes_back: boolean }[];
};

for (const { code, comes_back } of ENDINGS.close_codes) {
  test(`a connection closed with ${code} ${comes_back ? "comes back" : "stays away"}, whether it was live or not`, async () => {
    for (const isLive of [true, false]) {
      const { clock, websocket, sse, longpoll } = opened();
      if (isLive) websocket.last.send(subscribed(0));
      websocket.last.events.ended({ detail: "x", closeCode: code });
      await clock.advance(20_000);
      const tries = [websocket, sse, longpoll].reduce((sum, { connections }) => sum + connections.length, 0);
      assert.equal(tries > 1, comes_back);
    }
  });
}

for (const { reason, retry_after_s, comes_back } of ENDINGS.byes) {
  test(`who was sent away because of ${reason}, for ${retry_after_s ?? "ever"}, ${comes_back ? "comes back, not before" : "stays away"}`, async () => {
    const { clock, websocket } = opened();
    websocket.last.send(subscribed(0), { op: "bye", reason, retryAfterS: retry_after_s });
    websocket.last.events.ended({ detail: reason, closeCode: comes_back ? 4000 : 4100 });
    await clock.advance((retry_after_s ?? 0) * 1000 - 1);
    assert.equal(websocket.connections.length, 1);
    await clock.advance(20_000);
    assert.equal(websocket.connections.length > 1, comes_back);
  });
}

test("a WebSocket whose frames are broken on their way is left for another transport", async () => {
  const { websocket, sse } = opened();
  websocket.last.send(subscribed(0));
  websocket.last.events.ended({ detail: "x", closeCode: 1002 });
  await settled();
  assert.deepEqual([websocket.connections.length, sse.connections.length], [1, 1]);
});

test("a link that is refused at first has failed, and one that was live has ended", async () => {
  const gone = (): Promise<Response> => Promise.resolve(new Response("{}", { status: 404, headers: JSON_HEADERS }));
  const never = opened(SERVER, gone, true);
  never.websocket.last.events.ended(REFUSED);
  await settled();
  assert.equal(never.line.status.state, "failed");
  const once = opened(SERVER, gone, true);
  once.websocket.last.send(subscribed(0));
  once.websocket.last.events.ended(REFUSED);
  await once.clock.advance(1_000);
  once.websocket.last.events.ended(REFUSED);
  await settled();
  assert.equal(once.line.status.state, "ended");
});

test("a page that may not connect at all says why", async () => {
  const { line, clock, websocket } = opened(["websocket"], AWAY);
  websocket.connect = () => {
    throw new DOMException("refused by the page's content security policy", "SecurityError");
  };
  websocket.last.send(subscribed(0));
  websocket.last.events.ended(REFUSED);
  await clock.advance(2_000);
  assert.match(line.status.reason ?? "", /content security policy/);
});

test("its last states are kept for who looks for a cause", async () => {
  const { line, clock, websocket } = opened();
  websocket.last.send(subscribed(0));
  assert.match(line.trace.at(-1)!, /^2023-11-14T.* live websocket$/);
  for (let tries = 0; tries < 100; tries++) {
    websocket.last.send(subscribed(0));
    websocket.last.events.ended(REFUSED);
    await clock.advance(6_000);
  }
  assert.equal(line.trace.length, 100);
});

test("a server that slept does not get its transport blamed when it wakes up", async () => {
  let answer: (response: Response) => void = () => undefined;
  const { clock, websocket, sse } = opened(SERVER, () => new Promise((resolve) => void (answer = resolve)));
  await clock.advance(5_000);
  await clock.advance(3_200);
  answer(new Response("{}", { headers: JSON_HEADERS }));
  await clock.advance(1_000);
  assert.equal(websocket.connections.length, 2);
  assert.equal(sse.connections.length, 0);
});

test("a proxy that refuses a stream does not speak for the server, and the hub does", async () => {
  const proxys = opened(["sse", "longpoll"]);
  proxys.sse.last.events.ended({ status: 403, detail: "the server answered 403 with text/html" });
  await settled();
  assert.equal(proxys.longpoll.connections.length, 1);
  const hubs = opened(["sse", "longpoll"]);
  hubs.sse.last.events.ended({ status: 403, detail: "this link reads other rooms", isFromHub: true });
  await settled();
  assert.equal(hubs.line.status.state, "failed");
});

test("a connection that fell silent soon is made again once, then its transport is blamed", async () => {
  const { line, clock, websocket, sse } = opened();
  websocket.last.send(subscribed(0));
  await clock.advance(8_000);
  assert.equal(websocket.connections.length, 2);
  assert.equal(line.status.state, "reconnecting");
  websocket.last.send(subscribed(0));
  await clock.advance(8_000);
  assert.equal(websocket.connections.length, 2);
  assert.equal(sse.connections.length, 1);
});

test("a transport that carried the feed and then says nothing gets a second chance, and not a third", async () => {
  const { clock, websocket, sse } = opened();
  websocket.last.send(subscribed(0));
  await clock.advance(5_000);
  websocket.last.events.ended(REFUSED);
  await clock.advance(250);
  assert.equal(websocket.connections.length, 2);
  await clock.advance(5_000);
  assert.equal(websocket.connections.length, 3);
  await clock.advance(5_000);
  assert.equal(sse.connections.length, 1);
});

test("a network that comes back while the first try after a silence is on its way puts no blame on the transport", async () => {
  const { clock, websocket, sse } = opened();
  websocket.last.send(subscribed(0));
  await clock.advance(8_000);
  assert.equal(websocket.connections.length, 2);
  await clock.advance(5_000);
  assert.equal(websocket.connections.length, 3);
  assert.equal(sse.connections.length, 0);
});

test("a network that was away puts no blame on the transport", async () => {
  let isAway = true;
  const { clock, websocket, sse } = opened(SERVER, () => (isAway ? AWAY() : ANSWERS()));
  websocket.last.send(subscribed(0));
  await clock.advance(60_000);
  assert.ok(websocket.connections.length > 5);
  const before = websocket.connections.length;
  isAway = false;
  await clock.advance(8_000);
  assert.ok(websocket.connections.length > before);
  assert.equal(sse.connections.length, 0);
});

test("a transport whose connections are cut as soon as they carry the feed is left after the third", async () => {
  const { clock, websocket, sse } = opened();
  for (let cuts = 1; cuts <= 3; cuts++) {
    assert.equal(websocket.connections.length, cuts);
    websocket.last.send(subscribed(0));
    websocket.last.events.ended(REFUSED);
    await clock.advance(1_000);
  }
  assert.equal(websocket.connections.length, 3);
  assert.equal(sse.connections.length, 1);
});

test("a page that wakes up makes a connection anew that does not answer within 3 s, by the same transport", async () => {
  const { line, clock, websocket, sse } = opened();
  for (let wakes = 1; wakes <= 4; wakes++) {
    websocket.last.send(subscribed(0));
    line.wake();
    line.wake();
    assert.equal(websocket.last.pings, 1);
    await clock.advance(3_500);
    assert.equal(websocket.connections.length, wakes + 1);
  }
  assert.equal(sse.connections.length, 0);
});

test("a page that wakes up does not wait for a try or a question that was begun on the old network", async () => {
  const { line, clock, websocket } = opened(SERVER, () => new Promise(() => undefined));
  line.wake();
  assert.equal(websocket.connections.length, 1); // this one is new
  await clock.advance(1_000);
  line.wake();
  assert.equal(websocket.connections.length, 2);
  websocket.last.events.ended(REFUSED);
  await clock.advance(1_000);
  line.wake();
  assert.equal(websocket.connections.length, 3);
});
