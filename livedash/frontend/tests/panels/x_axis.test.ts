import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseX, isAxisLike, RECORD_TIME } from "../../src/panels/x_axis.ts";
import { windowOf, type Records } from "./windows.ts";

const types = { at: "time" } as const;
const chosen = (records: Records, asked: string | null = null): string | null => chooseX([windowOf(records, { types })], asked).field;

test("x is what was asked for, else step, else epoch, else a time field, else the record's time", () => {
  assert.equal(chosen([{ step: 1, epoch: 1, at: 1, loss: 1 }], "loss"), "loss");
  assert.equal(chosen([{ epoch: 1, step: 1, at: 1 }]), "step");
  assert.equal(chosen([{ at: 1, epoch: 1 }]), "epoch");
  assert.equal(chosen([{ loss: 1, at: 1 }]), "at");
  assert.equal(chosen([{ loss: 1 }]), null);
  assert.equal(chosen([{ step: 1 }], "time"), null);
});

test("a field that is asked for and has not come yet, or holds texts, leaves x to the time", () => {
  assert.equal(chosen([{ loss: 1 }], "later"), null);
  assert.equal(chosen([{ loss: 1, name: "a" }], "name"), null);
});

test("rooms share an x only if all of them have it", () => {
  const [one, other, empty] = [windowOf([{ step: 1, epoch: 1 }]), windowOf([{ epoch: 1 }]), windowOf([])];
  assert.equal(chooseX([one, other], null).field, "epoch");
  assert.equal(chooseX([one, empty], null).field, "step");
  assert.deepEqual(chooseX([empty], null), RECORD_TIME);
});

test("a field that turned out to be no x is passed over", () => {
  assert.equal(chooseX([windowOf([{ step: 1, epoch: 1 }])], null, new Set(["step"])).field, "epoch");
});

test("times without a zone are told as they were written, others in their zone", () => {
  assert.deepEqual(chooseX([windowOf([{ at: 1 }], { types })], null), { field: "at", isTime: true, zone: "UTC" });
});

test("seconds since 1970 under a name that says so are a clock; other large numbers are not", () => {
  const window = windowOf([{ t: 1.76e9, timestamp: 1.76e12, ts: 12, bytes: 1.76e9 }]);
  assert.deepEqual(["t", "timestamp", "ts", "bytes"].map((name) => isAxisLike(window, name)), [true, true, false, false]);
});
