import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommChannel } from "../../src/client/contract.ts";
import { sharedClient } from "../../src/client/shared.ts";

const BASE = "http://127.0.0.1:9/livedash/";

function comm(): CommChannel {
  return { send: () => undefined, onMessage: () => () => undefined };
}

test("a page has one client per server and key, whichever copy of this module asks", async () => {
  const client = sharedClient({ base: BASE, token: "t" });
  assert.equal(sharedClient({ base: BASE, token: "t", comm: comm() }), client);
  assert.notEqual(sharedClient({ base: BASE, key: "k" }), client);
  assert.notEqual(sharedClient({ base: "http://127.0.0.1:9/other/livedash/" }), client);
});

test("a page without a server has one client per comm", () => {
  const channel = comm();
  const client = sharedClient({ base: null, comm: channel });
  assert.equal(sharedClient({ base: null, comm: channel }), client);
  assert.notEqual(sharedClient({ base: null, comm: comm() }), client);
  assert.throws(() => sharedClient({ base: null }), /needs a server or a comm/);
});

test("the page's symbol tells the panels of all clients, and what their lines went through", () => {
  const shared = (globalThis as unknown as Record<symbol, { statistics(): { transport: string | null; panels: { room: string }[] }; trace(): object }>)[Symbol.for("livedash")]!;
  const panel = (room: string) => () => ({ room, painted_offset: 1, frames: 1, dropped: 0, state: "live" });
  const removals = [sharedClient({ base: BASE }).registerPanel(panel("a")), sharedClient({ base: BASE, key: "k" }).registerPanel(panel("b"))];
  assert.deepEqual(shared.statistics().panels.map(({ room }) => room), ["a", "b"]);
  assert.equal(shared.statistics().transport, null);
  assert.ok(BASE in shared.trace());
  removals.forEach((remove) => remove());
  assert.deepEqual(shared.statistics().panels, []);
});
