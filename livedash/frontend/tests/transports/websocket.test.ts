import assert from "node:assert/strict";
import { test } from "node:test";
import type { Wish } from "../../src/transports/contract.ts";
import { webSocketTransport } from "../../src/transports/websocket.ts";
import { FakeServer, FakeSocket, FakeWish, Told, wireColumns } from "./fakes.ts";

function connected(wishes: Wish[]) {
  const sockets: FakeSocket[] = [];
  const transport = webSocketTransport(new FakeServer(), (url, protocols) => {
    const socket = new FakeSocket(url, protocols);
    sockets.push(socket);
    return socket as unknown as WebSocket;
  });
  const told = new Told();
  return { connection: transport.connect(wishes, told), socket: sockets[0]!, told };
}

test("it asks for the binary subprotocol, and for its rooms once it is open", () => {
  const { socket, told } = connected([new FakeWish("train"), new FakeWish("lab.*", "now", null, "latest", 10)]);
  assert.equal(socket.url, "ws://hub/livedash/ws");
  assert.deepEqual(socket.protocols, ["livedash.v1.msgpack"]);
  assert.equal(socket.binaryType, "arraybuffer");
  assert.deepEqual(socket.sent, []);
  socket.open();
  assert.deepEqual(socket.sent, [
    { op: "subscribe", room: "train", since: "snapshot", shape: "columns", mode: "all", max_hz: null, window: 100 },
    { op: "subscribe", room: "lab.*", since: "now", shape: "columns", mode: "latest", max_hz: 10, window: null },
  ]);
  assert.deepEqual(told.calls, []);
});

test("rooms that change before it is open are asked for as they are then", () => {
  const { connection, socket } = connected([new FakeWish("train"), new FakeWish("lab")]);
  const resumed = new FakeWish("train");
  connection.subscribe(resumed);
  connection.unsubscribe("lab");
  connection.ping();
  resumed.entries = ["train:k3x9-7"];
  socket.open();
  assert.deepEqual(socket.sent.map((message) => message as { room: string; since: string }).map(({ room, since }) => [room, since]), [["train", "train:k3x9-7"]]);
});

test("an open socket takes rooms, gives them back and pings", () => {
  const { connection, socket } = connected([]);
  socket.open();
  const glob = new FakeWish("lab.*");
  glob.entries = ["lab.a:k3x9-1", "lab.b:k3x9-2"];
  connection.subscribe(glob);
  connection.unsubscribe("lab.*");
  connection.ping();
  assert.deepEqual(socket.sent.slice(1), [{ op: "unsubscribe", room: "lab.*" }, { op: "ping" }]);
  assert.equal((socket.sent[0] as { since: string }).since, "lab.a:k3x9-1,lab.b:k3x9-2");
});

test("each message is a sign of life before it is handed out, also one that is not known", () => {
  const { socket, told } = connected([]);
  socket.open();
  socket.receive(wireColumns(1, 3));
  socket.receive({ op: "someday" });
  socket.receive({ op: "pong" });
  assert.deepEqual(told.calls, ["alive", "columns", "alive", "alive", "pong"]);
});

test("a close is told with its code", () => {
  const { socket, told } = connected([]);
  socket.onclose?.({ code: 4001, reason: "draining" });
  assert.deepEqual(told.ends, [{ closeCode: 4001, detail: "draining" }]);
});

for (const [what, data] of [["a text", '{"op":"pong"}'], ["no MessagePack", Uint8Array.of(0xc1).buffer], ["no message", Uint8Array.of(0x01).buffer]] as const) {
  test(`${what} ends the connection`, () => {
    const { socket, told } = connected([]);
    socket.open();
    socket.onmessage?.({ data });
    assert.deepEqual(told.calls, ["ended"]);
    assert.equal(socket.readyState, 3);
    assert.equal(socket.onmessage, null);
  });
}

test("a connection that was closed tells nothing more", () => {
  const { connection, socket, told } = connected([]);
  socket.open();
  connection.close();
  assert.equal(socket.closedWith, 1000);
  socket.receive({ op: "pong" });
  socket.onclose?.({ code: 1000, reason: "" });
  assert.deepEqual(told.calls, []);
});

test("an engine that tells a failure and no close is understood, and one that tells both tells one end", () => {
  const { socket, told } = connected([]);
  socket.onerror?.();
  socket.onclose?.({ code: 1006, reason: "" });
  assert.deepEqual(told.ends, [{ closeCode: 1006, detail: "the WebSocket failed" }]);
});
