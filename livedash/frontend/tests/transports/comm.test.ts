import assert from "node:assert/strict";
import { test } from "node:test";
import { commTransport } from "../../src/transports/comm.ts";
import { decode, encode } from "../../src/wire/msgpack.ts";
import { settled } from "../client/fakes.ts";
import { FakeWish, Told, wireColumns } from "./fakes.ts";

function connected(send?: () => void) {
  const sent: unknown[] = [];
  const listeners = new Set<(message: Uint8Array) => void>();
  const channel = {
    send: send ?? ((message: Uint8Array) => void sent.push(decode(message))),
    onMessage(listener: (message: Uint8Array) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const told = new Told();
  const connection = commTransport(channel).connect([new FakeWish("train")], told);
  const receive = (bytes: Uint8Array): void => [...listeners].forEach((listener) => listener(bytes));
  return { connection, sent, told, listeners, receive };
}

test("it asks at once, and takes what comes before an answer", () => {
  const { sent, told, receive } = connected();
  assert.equal((sent[0] as { op: string }).op, "subscribe");
  receive(encode(wireColumns(5, 6)));
  assert.deepEqual(told.calls, ["alive", "columns"]);
});

test("a comm that is closed ends the connection, but not from inside the call", async () => {
  const { told, listeners } = connected(() => {
    throw new Error("comm closed");
  });
  assert.deepEqual(told.calls, []);
  await settled();
  assert.deepEqual(told.calls, ["ended"]);
  assert.equal(listeners.size, 0);
});

test("bytes that are no message, and a bye, end the connection", () => {
  const broken = connected();
  broken.receive(Uint8Array.of(0xc1));
  assert.deepEqual(broken.told.calls, ["ended"]);
  const bye = connected();
  bye.receive(encode({ op: "bye", reason: "slow" }));
  assert.deepEqual(bye.told.calls, ["alive", "bye", "ended"]);
});

test("a connection that was closed listens no more", () => {
  const { connection, told, listeners, receive } = connected();
  connection.close();
  receive(encode({ op: "pong" }));
  assert.deepEqual(told.calls, []);
  assert.equal(listeners.size, 0);
});
