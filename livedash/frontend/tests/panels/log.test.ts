import assert from "node:assert/strict";
import { test } from "node:test";
import { levelOf, lineOf } from "../../src/panels/log.ts";
import { windowOf, type Records } from "./windows.ts";

const NOW_MS = Date.UTC(2026, 10, 24);
const line = (records: Records, fields: readonly string[] | null = null): string[] => lineOf(windowOf(records), records.length - 1, fields, NOW_MS);

test("a line is the level, the message and what else the record has", () => {
  const [time, level, text] = line([{ level: "info", step: 3, message: "saved", note: null }]);
  assert.match(time!, /^19(?:69|70)-\d\d-\d\d /, "an old record has its day");
  assert.deepEqual([level, text], ["info", "saved  step=3"]);
});

test("a record without a message is its fields, and lines stay lines", () => {
  assert.equal(line([{ a: 1, b: "two\r\nlines" }])[2], "a=1  b=two ⏎ lines");
});

test("one field that is asked for stands alone, several have their names", () => {
  assert.equal(line([{ a: "x", b: 2 }], ["a"])[2], "x");
  assert.equal(line([{ a: "x", b: 2 }], ["b", "a"])[2], "b=2  a=x");
});

test("levels of the usual loggers are known, as texts and as Python's numbers", () => {
  assert.deepEqual(["ERROR", "critical", "Fatal", "40", "warn", "WARNING", "30", "info", "debug", "20", ""].map(levelOf), [
    "error", "error", "error", "error", "warning", "warning", "warning", "info", "info", "info", "info",
  ]);
});
