import assert from "node:assert/strict";
import { test } from "node:test";
import type { FeedStatus, Gap } from "../../src/client/contract.ts";
import { badgeOf } from "../../src/panels/badge.ts";

const NOW_MS = 1_000_000;
const told = (status: Partial<FeedStatus>, gap: Gap | null = null) =>
  badgeOf({ status: { state: "live", transport: "websocket", sinceMs: NOW_MS, ...status }, gap, skipped: 0 }, NOW_MS);

test("live is good, and the tooltip names the transport", () => {
  assert.deepEqual([told({}).text, told({}).tone], ["live", "good"]);
  assert.match(told({ transport: "sse" }).title, /server-sent events/);
});

test("reconnecting says when, stale says for how long", () => {
  assert.equal(told({ state: "reconnecting", retryInS: 4 }).text, "reconnecting in 4 s");
  assert.equal(told({ state: "reconnecting", retryInS: 0.8361144 }).text, "reconnecting in 1 s");
  assert.equal(told({ state: "stale", sinceMs: NOW_MS - 42_000 }).text, "stale for 42 s");
});

test("a gap has its records and the reason in words", () => {
  const { text, tone } = told({}, { reason: "trimmed", from: 1042, to: 1090 });
  assert.deepEqual([text, tone], ["gap 1,042–1,090 (older than the history)", "warn"]);
  assert.equal(told({}, { reason: "a_new_one" }).text, "gap (a_new_one)");
});

test("what a publisher lost is told with its number", () => {
  assert.match(told({ publisherDropped: 1200 }).text, /^1,200 dropped/);
});

test("a failure has its reason in sight and its fix in the tooltip", () => {
  const { text, tone, title } = told({ state: "failed", reason: "the link has expired", fix: "ask for a new one" });
  assert.deepEqual([text, tone], ["the link has expired", "bad"]);
  assert.match(title, /ask for a new one/);
});
