import assert from "node:assert/strict";
import { test } from "node:test";
import { isGlob, isRoom, matches } from "../../src/wire/names.ts";

test("rooms are segments joined by single dots", () => {
  for (const name of ["train", "lab3.furnace.temp", "a-b_C9", "livedashed", "a".repeat(128)]) assert.ok(isRoom(name), name);
  for (const name of ["", ".", "a.", ".a", "a..b", "a b", "ä", "a/b", "a:b", "a,b", "a*", "a\n", "a".repeat(129)]) assert.ok(!isRoom(name), name);
});

test("names that mean something else are no rooms", () => {
  for (const name of ["open", "error", "message", "livedash", "livedash.x"]) assert.ok(!isRoom(name), name);
});

test("a star makes a glob, and a glob is no room", () => {
  assert.ok(isGlob("lab3.*") && isGlob("*") && isGlob("a*b.*"));
  assert.ok(!isGlob("lab3") && !isGlob("*..a") && !isGlob("* ") && !isRoom("lab3.*"));
});

const CASES: readonly (readonly [string, string, boolean])[] = [
  ["train", "train", true], ["train", "trains", false], ["lab3.*", "lab3.furnace.temp", true], ["lab3.*", "lab3", false],
  ["lab3.*", "lab30.a", false], ["*", "a.b", true], ["*.temp", "lab3.temp", true], ["a*a", "a", false], ["a*a", "aa", true],
  ["a*b*c", "axbxc", true], ["a*b*c", "acb", false], ["*ab*ab*", "xabab", true], ["*ab*ab*", "xab", false], ["a.c", "abc", false],
];

for (const [pattern, room, expected] of CASES) {
  test(`${pattern} ${expected ? "covers" : "does not cover"} ${room}`, () => assert.equal(matches(pattern, room), expected));
}

test("a glob of many stars is matched in no time", () => {
  assert.equal(matches("*a".repeat(60), "a".repeat(127) + "b"), false);
});
