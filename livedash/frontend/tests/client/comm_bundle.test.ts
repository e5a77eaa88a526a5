import assert from "node:assert/strict";
import { test } from "node:test";
import { CommBundle } from "../../src/client/comm_bundle.ts";

class FakeChannel {
  readonly sent: Uint8Array[] = [];
  readonly listeners = new Set<(message: Uint8Array) => void>();
  isClosed = false;

  send(message: Uint8Array): void {
    if (this.isClosed) throw new Error("closed");
    this.sent.push(message);
  }

  onMessage(listener: (message: Uint8Array) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}

const MESSAGE = Uint8Array.of(1);

test("what comes on any comm is heard, and what is sent goes out on one", () => {
  const [bundle, first, second] = [new CommBundle(), new FakeChannel(), new FakeChannel()];
  bundle.add(first);
  bundle.add(second);
  bundle.add(first);
  let heard = 0;
  const stop = bundle.onMessage(() => heard++);
  for (const channel of [first, second]) channel.listeners.forEach((listener) => listener(MESSAGE));
  assert.equal(heard, 2);
  bundle.send(MESSAGE);
  assert.deepEqual([first.sent.length, second.sent.length], [1, 0]);
  stop();
  first.listeners.forEach((listener) => listener(MESSAGE));
  assert.equal(heard, 2);
});

test("a comm that is closed is left for the next, and the last one's end is told", () => {
  const [bundle, first, second] = [new CommBundle(), new FakeChannel(), new FakeChannel()];
  bundle.add(first);
  bundle.add(second);
  first.isClosed = true;
  bundle.send(MESSAGE);
  assert.equal(second.sent.length, 1);
  second.isClosed = true;
  assert.throws(() => bundle.send(MESSAGE), /closed/);
});
