import assert from "node:assert/strict";
import { test } from "node:test";
import { numberInRecord, textAt, textInRecord, timeOfRecord, wholeOfRecord, wholeRecord } from "../../src/panels/record.ts";
import { batchOf } from "./batches.ts";
import { windowOf } from "./windows.ts";

const RECORD = { id: "a", price: 71.5, count: 12_345, ok: true, at: Date.UTC(2026, 10, 24, 9, 30), tags: { lots: [1] }, none: null, nan: NaN };
const OPTIONS = { types: { at: "time", ok: "bool", nan: "f8", none: "json" } } as const;

test("the latest record of a key reads as the same record in a window", () => {
  const [batch, window] = [batchOf([RECORD], OPTIONS), windowOf([RECORD], OPTIONS)];
  for (const name of [...Object.keys(RECORD), "absent"]) assert.equal(textInRecord({ batch, row: 0 }, name), textAt(window, name, 0), name);
  assert.deepEqual(["price", "count", "ok", "at", "nan"].map((name) => textInRecord({ batch, row: 0 }, name)), ["71.5", "12,345", "true", "2026-11-24 09:30:00", "NaN"]);
  assert.equal(wholeOfRecord({ batch, row: 0 }), wholeRecord(window, 0));
});

test("its numbers are numbers, and what is none is NaN", () => {
  const batch = batchOf([RECORD], OPTIONS);
  assert.deepEqual(["price", "id", "none", "absent"].map((name) => numberInRecord({ batch, row: 0 }, name)), [71.5, NaN, NaN, NaN]);
  assert.equal(timeOfRecord({ batch, row: 0 }), 1000);
});
