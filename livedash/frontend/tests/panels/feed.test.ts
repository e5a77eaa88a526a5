import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClient, LIVE } from "../gallery/fake_client.ts";
import { PanelFeed, useFeed } from "../../src/panels/feed.ts";

test("panels that want the same share one feed, which ends with the last of them", () => {
  const client = new FakeClient();
  const [one, other, third] = [useFeed(client, ["a"], 100), useFeed(client, ["a"], 100), useFeed(client, ["a"], 50)];
  assert.equal(one.feed, other.feed);
  assert.notEqual(one.feed, third.feed);
  one.release();
  client.push("a", { x: [1] });
  assert.equal(other.feed.windows.get("a")?.length, 1);
  other.release();
  client.push("a", { x: [2] });
  assert.equal(other.feed.windows.get("a")?.length, 1);
  assert.notEqual(useFeed(client, ["a"], 100).feed, one.feed);
});

test("what was missed is counted over all gaps", () => {
  const client = new FakeClient();
  const feed = new PanelFeed(client, ["a"], 100);
  client.gap("a", { reason: "slow", from: 3, to: 5 });
  client.gap("a", { reason: "restarted" });
  client.gap("a", { reason: "slow", from: 9, to: 9 });
  assert.deepEqual([feed.missed, feed.gap?.from], [4, 9]);
});

test("each room has its own state, and the feed tells the one that matters", async () => {
  const client = new FakeClient();
  const feed = new PanelFeed(client, ["a", "b"], 100);
  await Promise.resolve();
  client.setStatus("a", { ...LIVE, state: "waiting" });
  assert.equal(feed.status.state, "live");
  client.setStatus("b", { ...LIVE, state: "failed", reason: "not allowed" });
  assert.deepEqual([feed.status.state, feed.status.reason], ["failed", "not allowed"]);
});

test("one room of a feed has that room's records only", () => {
  const client = new FakeClient();
  const feed = new PanelFeed(client, ["a", "b"], 100);
  client.push("b", { x: [1] });
  assert.deepEqual([feed.ofRoom("a").hasRecords, feed.ofRoom("b").hasRecords, [...feed.ofRoom("b").windows.keys()]], [false, true, ["b"]]);
});

test("a keyed room has its latest record per key beside its newest records, also a key that no window holds any more", () => {
  const client = new FakeClient();
  client.setKey("a", "id");
  const feed = new PanelFeed(client, ["a", "b"], 3);
  client.push("a", { id: ["x", "y"], v: [1, 1] });
  for (let v = 2; v < 9; v++) client.push("a", { id: ["x"], v: [v] });
  client.push("b", { id: ["x"] });
  assert.deepEqual([feed.keyed.get("a")?.records.size, feed.windows.get("a")?.length, [...feed.keyed.keys()]], [2, 3, ["a"]]);
  assert.equal(feed.ofRoom("a").keyed.get("a"), feed.keyed.get("a"));
  assert.equal(feed.ofRoom("b").keyed.size, 0);
});

test("a state without a key, or with another one, ends the rows of the key before", () => {
  const client = new FakeClient();
  client.setKey("a", "id");
  const feed = new PanelFeed(client, ["a"], 100);
  client.push("a", { id: ["x", "y"], other: ["p", "p"] });
  client.restart("a");
  client.setKey("a", "other");
  client.push("a", { id: ["x", "y"], other: ["p", "p"] });
  assert.deepEqual([feed.keyed.get("a")?.key, feed.keyed.get("a")?.records.size], ["other", 1]);
  client.restart("a");
  client.setKey("a", null);
  client.push("a", { id: ["x"] });
  assert.equal(feed.keyed.size, 0);
});
