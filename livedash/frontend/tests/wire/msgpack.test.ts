import assert from "node:assert/strict";
import { test } from "node:test";
import { Malformed } from "../../src/wire/malformed.ts";
import { decode, encode } from "../../src/wire/msgpack.ts";
import { bytesOfHex } from "./bytes.ts";

// From the specification's table of formats, each at both ends of its range.
const FORMS: readonly (readonly [string, unknown])[] = [
  ["00", 0], ["7f", 127], ["e0", -32], ["ff", -1], ["c0", null], ["c2", false], ["c3", true],
  ["cc ff", 255], ["cd ffff", 65535], ["ce ffffffff", 4294967295], ["cf 001fffffffffffff", 9007199254740991],
  ["d0 80", -128], ["d1 8000", -32768], ["d2 80000000", -2147483648], ["d3 ffe0000000000001", -9007199254740991],
  ["ca 3fc00000", 1.5], ["cb 3ff8000000000000", 1.5],
  ["a0", ""], ["a1 61", "a"], ["d9 01 61", "a"], ["da 0001 61", "a"], ["db 00000001 61", "a"], ["a4 f09f94a5", "🔥"],
  ["90", []], ["92 01 02", [1, 2]], ["dc 0001 c0", [null]], ["dd 00000001 c0", [null]],
  ["80", {}], ["81 a1 61 01", { a: 1 }], ["de 0001 a1 61 01", { a: 1 }], ["df 00000001 a1 61 01", { a: 1 }],
];

for (const [hex, value] of FORMS) {
  test(`${hex} is ${JSON.stringify(value)}`, () => assert.deepEqual(decode(bytesOfHex(hex)), value));
}

test("binary data and extensions are views into the message", () => {
  for (const hex of ["c4 03 010203", "c5 0003 010203", "c6 00000003 010203", "c7 03 05 010203"]) {
    const bytes = bytesOfHex(hex);
    const value = decode(bytes) as Uint8Array;
    assert.deepEqual([...value], [1, 2, 3]);
    assert.equal(value.buffer, bytes.buffer);
  }
  assert.equal((decode(bytesOfHex("d8 ff 00000000000000000000000000000000")) as Uint8Array).length, 16);
});

test("integers that a double can't hold are their exact text", () => {
  assert.equal(decode(bytesOfHex("cf 0020000000000001")), "9007199254740993");
  assert.equal(decode(bytesOfHex("cf ffffffffffffffff")), "18446744073709551615");
  assert.equal(decode(bytesOfHex("d3 8000000000000000")), "-9223372036854775808");
});

test("each message that is cut anywhere is malformed, and nothing else happens", () => {
  const whole = encode({ op: "columns", list: [1, -5, 3.5, "größe", null, true], bytes: new Uint8Array(300), large: 2 ** 40 });
  for (let length = 0; length < whole.length; length++) assert.throws(() => decode(whole.subarray(0, length)), Malformed);
  assert.throws(() => decode(Uint8Array.of(...whole, 0)), Malformed);
});

test("lengths that lie do not make us allocate", () => {
  for (const hex of ["dd ffffffff", "df ffffffff", "dc ffff", "c6 ffffffff", "db ffffffff", "df 7fffffff c0"]) {
    assert.throws(() => decode(bytesOfHex(hex)), Malformed);
  }
});

test("deep nesting is refused before the stack is used up", () => {
  assert.throws(() => decode(new Uint8Array(1_000_000).fill(0x91)), Malformed);
});

test("a byte that begins no value and a key that is no text are malformed", () => {
  assert.throws(() => decode(bytesOfHex("c1")), Malformed);
  assert.throws(() => decode(bytesOfHex("81 01 01")), Malformed);
});

test("a field may be called __proto__, which changes no prototype", () => {
  const value = decode(encode(JSON.parse('{"__proto__": {"polluted": true}, "a": 1}'))) as Record<string, unknown>;
  assert.deepEqual(Object.keys(value), ["__proto__", "a"]);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.equal((value as { polluted?: boolean }).polluted, undefined);
});

test("what is encoded is read back", () => {
  for (const value of [null, true, 0, 127, 128, -32, -33, 2 ** 31, -(2 ** 31), 2 ** 32, -(2 ** 40), Number.MAX_SAFE_INTEGER, 0.1, -0, Infinity, 1e300]) {
    assert.ok(Object.is(decode(encode(value)), value), String(value));
  }
  for (const length of [0, 31, 32, 255, 256, 65535, 65536]) {
    assert.equal(decode(encode("a".repeat(length))), "a".repeat(length));
    assert.equal((decode(encode(new Uint8Array(length))) as Uint8Array).length, length);
    assert.equal((decode(encode(Array.from({ length }, () => 1))) as unknown[]).length, length);
    const map = Object.fromEntries(Array.from({ length }, (_, index) => [`k${index}`, index]));
    assert.deepEqual(decode(encode(map)), map);
  }
});

test("members that are undefined are left out", () => {
  assert.deepEqual(decode(encode({ a: 1, b: undefined })), { a: 1 });
});
