import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyedRows } from "../../src/client/keyed_rows.ts";
import type { Batch } from "../../src/wire/batch.ts";
import { recordAt } from "../../src/wire/batch.ts";
import { batchOf } from "../panels/batches.ts";

type Records = readonly Record<string, unknown>[];

function keyed(...pushes: Records[]): KeyedRows {
  const rows = new KeyedRows("id");
  for (const records of pushes) rows.append(batchOf(records));
  return rows;
}

function held(rows: KeyedRows): Record<string, unknown>[] {
  return Array.from(rows.records.values(), ({ batch, row }) => recordAt(batch, row));
}

function recordsOf(batch: Batch | null): Record<string, unknown>[] {
  return Array.from({ length: batch!.count }, (_, row) => recordAt(batch!, row));
}

test("the latest record of each key is held, whole, where its key first stood", () => {
  const rows = keyed([{ id: "a", v: 1, note: "x" }, { id: "b", v: 2 }], [{ id: "a", v: 3 }]);
  assert.deepEqual(held(rows), [{ id: "a", v: 3 }, { id: "b", v: 2 }]);
  assert.deepEqual(recordsOf(rows.snapshot()), held(rows));
});

test("a record with _deleted: true removes its key, and one with anything else there does not", () => {
  const rows = keyed([{ id: "a" }, { id: "b" }, { id: "c" }], [{ id: "a", _deleted: true }, { id: "b", _deleted: false }, { id: "d", _deleted: true }]);
  assert.deepEqual(held(rows).map(({ id }) => id), ["b", "c"]);
  assert.ok(!rows.fields.has("_deleted"));
});

test("a key that comes again after its removal is another row, and comes last, in one batch as in several", () => {
  const records = [{ id: "a", _deleted: true }, { id: "a", v: 2 }];
  for (const pushes of [[records], records.map((record) => [record])]) {
    const rows = keyed([{ id: "a", v: 1 }, { id: "b", v: 1 }], ...pushes);
    assert.deepEqual(Array.from(rows.records.keys()), [1, 2]);
    assert.deepEqual(held(rows).map(({ id, v }) => [id, v]), [["b", 1], ["a", 2]]);
  }
});

test("a snapshot replaces all, and an empty one leaves nothing", () => {
  const rows = keyed([{ id: "a", v: 1 }, { id: "b", v: 1 }]);
  rows.replace(batchOf([{ id: "b", w: 2 }], { epoch: "e2", offset: 7 }));
  assert.deepEqual([held(rows), [...rows.fields.keys()], rows.revision], [[{ id: "b", w: 2 }], ["id", "w"], 1]);
  rows.replace(batchOf([], { offset: 9 }));
  assert.deepEqual([rows.records.size, rows.snapshot()?.count, rows.snapshot()?.offset], [0, 0, 9]);
});

test("keys are told apart as Python does: 1, 1.0 and true are one, and '1' is another", () => {
  const rows = keyed([{ id: 1, v: 1 }], [{ id: true, v: 2 }], [{ id: "1", v: 3 }], [{ id: false, v: 4 }], [{ id: 0, v: 5 }]);
  assert.deepEqual(held(rows).map(({ v }) => v), [2, 3, 5]);
});

test("integers beyond 2^53 are keys of their own, and no texts", () => {
  const exact = (texts: string[]): Batch => ({
    ...batchOf([]), count: texts.length, times: new Float64Array(texts.length),
    columns: new Map([["id", { type: "i8" as const, absent: [], values: Float64Array.from(texts, Number), exact: texts }]]),
  });
  const rows = new KeyedRows("id");
  rows.append(exact(["9007199254740993", "9007199254740992"]));
  rows.append(batchOf([{ id: "9007199254740993" }]));
  rows.append(batchOf([{ id: 9007199254740992 }]));
  assert.equal(rows.records.size, 3);
});

test("a record without a key, or with one that can be none, is passed over", () => {
  const rows = keyed([{ id: "a", v: 1 }, { v: 2 }, { id: null, v: 3 }], [{ v: 4 }]);
  rows.append(batchOf([{ id: NaN }]));
  assert.deepEqual(held(rows), [{ id: "a", v: 1 }]);
});

test("a key that was not updated for longer than any window holds is still there, and memory does not grow", () => {
  const rows = keyed([{ id: "old", v: 0 }]);
  for (let v = 1; v <= 30_000; v++) rows.append(batchOf([{ id: v % 7, v }], { offset: v + 1 }));
  assert.deepEqual(held(rows)[0], { id: "old", v: 0 });
  assert.equal(rows.records.size, 8);
  const batches = new Set(Array.from(rows.records.values(), ({ batch }) => batch));
  assert.ok([...batches].reduce((sum, { count }) => sum + count, 0) < 10_000);
  assert.equal(rows.snapshot()?.offset, 30_001);
});

test("a record is another object only once it is another record", () => {
  const rows = keyed([{ id: "a", v: 1 }, { id: "b", v: 1 }]);
  const [a, b] = rows.records.values();
  rows.append(batchOf([{ id: "a", v: 2 }]));
  rows.snapshot();
  const [newA, sameB] = rows.records.values();
  assert.notEqual(newA, a);
  assert.equal(sameB, b);
  assert.deepEqual(recordAt(sameB!.batch, sameB!.row), { id: "b", v: 1 });
});

test("a field that no record has any more is forgotten", () => {
  const rows = keyed([{ id: "a", old: 1 }], [{ id: "a", young: 1 }]);
  rows.snapshot();
  assert.deepEqual([...rows.fields.keys()], ["id", "young"]);
});

test("a field is one of numbers as long as all its values are numbers or null", () => {
  const rows = keyed([{ id: "a", n: 1, m: 1 }], [{ id: "a", n: null, m: "x" }]);
  assert.deepEqual(Object.fromEntries(rows.fields), { id: false, n: true, m: false });
});

test("the version grows when a key comes or goes, not with each record", () => {
  const rows = keyed([{ id: "a", v: 1 }]);
  const { version } = rows;
  rows.append(batchOf([{ id: "a", v: 2 }]));
  assert.equal(rows.version, version);
  rows.append(batchOf([{ id: "a", _deleted: true }]));
  assert.ok(rows.version > version);
});
