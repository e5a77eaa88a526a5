import assert from "node:assert/strict";
import { test } from "node:test";
import { HeldKeys } from "../../src/client/held_keys.ts";
import { batchOf } from "../panels/batches.ts";

test("a later panel gets the latest record of every key, however many records ago it came", () => {
  const held = new HeldKeys("id");
  held.replace(batchOf([{ id: "a", v: 0 }, { id: "b", v: 0 }]), true);
  for (let v = 1; v <= 50; v++) held.append(batchOf([{ id: "a", v }], { offset: v + 2 }));
  const snapshot = held.snapshot()!;
  assert.deepEqual([snapshot.count, snapshot.offset, snapshot.columns.get("v")!.values], [2, 52, Float64Array.of(50, 0)]);
});

test("where keys may be missing, or nothing is held, the state has to be asked for", () => {
  const held = new HeldKeys("id");
  assert.equal(held.snapshot(), null);
  held.replace(batchOf([{ id: "a" }]), false);
  held.append(batchOf([{ id: "b" }]));
  assert.equal(held.snapshot(), null);
  held.replace(batchOf([{ id: "a" }]), true);
  held.clear();
  assert.equal(held.snapshot(), null);
});

test("a room whose keys were all removed is an empty state", () => {
  const held = new HeldKeys("id");
  held.replace(batchOf([{ id: "a" }]), true);
  held.append(batchOf([{ id: "a", _deleted: true }], { offset: 2 }));
  assert.deepEqual([held.snapshot()?.count, held.snapshot()?.offset], [0, 2]);
});
