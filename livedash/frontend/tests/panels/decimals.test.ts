import assert from "node:assert/strict";
import { test } from "node:test";
import { formatValue } from "../../src/panels/format.ts";
import { Decimals } from "../../src/panels/decimals.ts";

test("numbers get the decimals of the one in their column that has most", () => {
  const decimals = new Decimals();
  const aligned = ["207.96", "71.6", "−1,234", "0"].map((text) => decimals.aligned("price", text));
  assert.deepEqual(aligned, ["207.96", "71.60", "−1,234.00", "0.00"]);
  assert.deepEqual(["3300", "4000"].map((text) => decimals.aligned("size", text)), ["3300", "4000"]);
});

test("a number that has fewer decimals than its column gets no wrong ones", () => {
  const decimals = new Decimals();
  const aligned = [123.456, 9.5, 100000.25, 2e6 + 0.125].map((value) => decimals.aligned("price", formatValue(value)));
  assert.deepEqual(aligned, ["123.456", "9.500", "100,000.250", "2,000,000.125"]);
});

test("what is written before a longer one comes is out of line, and the version says so", () => {
  const decimals = new Decimals();
  decimals.aligned("price", "1.5");
  const { version } = decimals;
  decimals.aligned("price", "2.25");
  assert.ok(decimals.version > version);
  assert.equal(decimals.aligned("price", "1.5"), "1.50");
});

test("numbers of very different size stay as they are, and so does what is none", () => {
  const decimals = new Decimals();
  assert.deepEqual(["0.000123", "12.5", "NaN", "1.2e9", ""].map((text) => decimals.aligned("x", text)), ["0.000123", "12.5", "NaN", "1.2e9", ""]);
});
