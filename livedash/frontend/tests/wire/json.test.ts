import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "../../src/wire/json.ts";
import { Malformed } from "../../src/wire/malformed.ts";

test("integers that a double can't hold are their exact text, others are numbers", () => {
  assert.deepEqual(parseJson("[9007199254740991,9007199254740993,-9223372036854775807,18446744073709551615]"), [
    9007199254740991, "9007199254740993", "-9223372036854775807", "18446744073709551615",
  ]);
});

test("digits in texts, fractions and exponents are no integers", () => {
  const text = '{"a":"9007199254740993","say \\"9007199254740993":[0.12345678901234567,1e300,9007199254740993.5],"n":9007199254740993}';
  assert.deepEqual(parseJson(text), {
    a: "9007199254740993",
    'say "9007199254740993': [0.12345678901234567, 1e300, 9007199254740993.5],
    n: "9007199254740993",
  });
});

test("an escaped quote or backslash does not end a text", () => {
  assert.deepEqual(parseJson('["\\\\", "\\\\\\"", 9007199254740993, "\\"]"]'), ["\\", '\\"', "9007199254740993", '"]']);
});

test("times in microseconds are numbers", () => {
  assert.deepEqual(parseJson("[1764000000000000]"), [1764000000000000]);
});

test("a text of many megabytes beside a large integer is read", () => {
  const long = "x\\n".repeat(2_000_000);
  assert.deepEqual(parseJson(`["${long}",9007199254740993]`), [long.replaceAll("\\n", "\n"), "9007199254740993"]);
});

test("what is no JSON is malformed", () => {
  for (const text of ["", "{", "NaN", "<html>"]) assert.throws(() => parseJson(text), Malformed);
});
