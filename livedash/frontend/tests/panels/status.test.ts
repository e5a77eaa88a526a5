import assert from "node:assert/strict";
import { test } from "node:test";
import type { FeedState, FeedStatus } from "../../src/client/contract.ts";
import { jointStatus } from "../../src/panels/status.ts";

const status = (state: FeedState, rest: Partial<FeedStatus> = {}): FeedStatus => ({ state, transport: null, sinceMs: 0, ...rest });
const joint = (...states: FeedState[]): FeedState => jointStatus(states.map((state) => status(state))).state;

test("of several rooms the worst is told, and waiting only where none lives", () => {
  assert.equal(joint("waiting", "live"), "live");
  assert.equal(joint("waiting", "waiting"), "waiting");
  assert.equal(joint("live", "failed", "reconnecting"), "failed");
  assert.equal(joint("live", "reconnecting"), "reconnecting");
});

test("a hub that is degraded is so for all its rooms", () => {
  assert.equal(jointStatus([status("waiting", { degraded: "" }), status("live", { degraded: "" })]).degraded, "");
});

test("what publishers lost is summed up", () => {
  const told = jointStatus([status("live", { publisherDropped: 3 }), status("waiting", { publisherDropped: 4 }), status("live")]);
  assert.deepEqual([told.state, told.publisherDropped], ["live", 7]);
});
