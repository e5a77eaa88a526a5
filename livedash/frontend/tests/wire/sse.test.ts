import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type SseEvent, SseParser } from "../../src/wire/sse.ts";

interface Vector {
  readonly name: string;
  readonly text: string;
  readonly events: readonly SseEvent[];
}

const vectors = JSON.parse(readFileSync("../../tests/vectors/sse.json", "utf8")) as Vector[];
const encoder = new TextEncoder();

function parsed(bytes: Uint8Array, pieceBytes: number): SseEvent[] {
  const parser = new SseParser();
  const events: SseEvent[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) events.push(...parser.feed(bytes.subarray(at, at + pieceBytes)));
  return events;
}

for (const { name, text, events } of vectors) {
  test(`an event stream in pieces of any size: ${name}`, () => {
    const bytes = encoder.encode(text);
    for (const pieceBytes of [1, 2, 3, 5, 7, bytes.length]) assert.deepEqual(parsed(bytes, pieceBytes), events, `pieces of ${pieceBytes}`);
  });
}

test("an event that ends in CR comes at once, and the LF that follows later is no line", () => {
  const parser = new SseParser();
  assert.deepEqual(parser.feed(encoder.encode("data: a\r\r")).map(({ data }) => data), ["a"]);
  assert.deepEqual(parser.feed(encoder.encode("\ndata: b\r\n\r\n")).map(({ data }) => data), ["b"]);
});

test("an empty piece between CR and LF changes nothing", () => {
  const parser = new SseParser();
  const events = ["data: a\r", "", "\ndata: b\n\n"].flatMap((text) => parser.feed(encoder.encode(text)));
  assert.deepEqual(events.map(({ data }) => data), ["a\nb"]);
});

test("retry takes digits only", () => {
  const parser = new SseParser();
  parser.feed(encoder.encode("retry: 2500\nretry: 1.5\nretry: -1\nretry: 0x10\nretry:\n"));
  assert.equal(parser.retryMs, 2500);
});

test("comments are counted, and a block of an id alone moves the last id", () => {
  const parser = new SseParser();
  assert.deepEqual(parser.feed(encoder.encode(":\n\n: keep-alive\n\nid: train:a-7\n\n")), []);
  assert.equal(parser.comments, 2);
  assert.equal(parser.lastEventId, "train:a-7");
});

test("a long line in many pieces takes time in proportion to its length", () => {
  const parser = new SseParser();
  const piece = encoder.encode("x".repeat(1024));
  parser.feed(encoder.encode("data: "));
  for (let count = 0; count < 20_000; count++) parser.feed(piece);
  const [event] = parser.feed(encoder.encode("\n\n"));
  assert.equal(event?.data.length, 20_000 * 1024);
});
