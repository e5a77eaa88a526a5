import assert from "node:assert/strict";
import { test } from "node:test";
import type { FeedStatus, Gap } from "../../src/client/contract.ts";
import { badgeOf, type BadgeText } from "../../src/panels/badge.ts";

const NOW_MS = 1_000_000;
const told = (status: Partial<FeedStatus>, gap: Gap | null = null, waitedMs = 0): BadgeText =>
  badgeOf({ status: { state: "live", transport: "websocket", sinceMs: NOW_MS, ...status }, gap, skipped: 0 }, NOW_MS, NOW_MS - waitedMs);

test("live is a quiet dot, and the tooltip names the transport", () => {
  assert.deepEqual([told({}).text, told({}).tone], ["", "good"]);
  assert.match(told({ transport: "sse" }).title, /server-sent events/);
});

test("reconnecting counts down, stale counts up", () => {
  assert.equal(told({ state: "reconnecting", retryInS: 4 }).text, "reconnecting in 4 s");
  assert.equal(told({ state: "reconnecting", retryInS: 4 }, null, 1500).text, "reconnecting in 3 s");
  assert.equal(told({ state: "reconnecting", retryInS: 0.8361144 }).text, "reconnecting in 1 s");
  assert.equal(told({ state: "reconnecting", retryInS: 4 }, null, 5000).text, "reconnecting");
  assert.equal(told({ state: "reconnecting" }).text, "reconnecting");
  assert.equal(told({ state: "stale", sinceMs: NOW_MS - 42_000 }).text, "stale for 42 s");
});

test("a gap has its size in sight, its records and the reason in words in the tooltip", () => {
  const { text, tone, title } = told({}, { reason: "trimmed", from: 1042, to: 1090 });
  assert.deepEqual([text, tone], ["gap of 49", "warn"]);
  assert.match(title, /records 1042–1090 are missing \(older than the history\)/);
  assert.deepEqual([told({}, { reason: "a_new_one" }).text, /a_new_one/.test(told({}, { reason: "a_new_one" }).title)], ["gap", true]);
});

test("what a publisher lost is told with its number", () => {
  assert.equal(told({ publisherDropped: 12_000 }).text, "12,000 dropped");
});

test("a failure has its reason and its fix in the tooltip; the panel's own place has them, too", () => {
  const { text, tone, title } = told({ state: "failed", reason: "the link has expired", fix: "ask for a new one" });
  assert.deepEqual([text, tone], ["failed", "bad"]);
  assert.match(title, /the link has expired.*ask for a new one/);
});

test("a source that fails is told before what was lost, with its error where there is one", () => {
  const { text, tone, title } = told({ publisherDropped: 3, failing: [{ name: "read", error: "OSError: no disk" }, { name: "ping", error: "" }] });
  assert.deepEqual([text, tone], ["source failing", "bad"]);
  assert.match(title, /source read fails: OSError: no disk; source ping fails; /);
  assert.equal(told({ state: "waiting", failing: [{ name: "read", error: "" }] }).text, "source failing");
});

test("a hub that is degraded is told beside the state, with the reason where this reader is told one", () => {
  const { text, tone, title } = told({ degraded: "the broker can’t be reached", publisherDropped: 3 });
  assert.deepEqual([text, tone], ["live · degraded", "warn"]);
  assert.match(title, /live over WebSocket; degraded: the broker can’t be reached; what is published waits/);
  assert.match(told({ degraded: "" }).title, /degraded: the hub is cut off from the others; /);
  assert.deepEqual([told({ state: "waiting", degraded: "" }).text, told({ state: "waiting", degraded: "" }).tone], ["waiting · degraded", "warn"]);
  assert.equal(told({ degraded: "", failing: [{ name: "read", error: "" }] }).text, "source failing");
  assert.equal(told({ state: "reconnecting", degraded: "" }).text, "reconnecting");
});
