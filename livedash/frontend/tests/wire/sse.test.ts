import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type SseEvent, SseParser } from "../../src/wire/sse.ts";

/** Of tests/vectors/sse.json, which the Python tests read too. */
interface Vector {
  readonly name: string;
  readonly base64: string;
  readonly events: readonly SseEvent[];
  readonly retry_ms: number | null;
  readonly last_id: string;
}

const vectors = JSON.parse(readFileSync("../../tests/vectors/sse.json", "utf8")) as Vector[];
const encoder = new TextEncoder();

function parsed(pieces: Iterable<Uint8Array>): Pick<Vector, "events" | "retry_ms" | "last_id"> {
  const parser = new SseParser();
  const events = Array.from(pieces, (piece) => parser.feed(piece)).flat();
  return { events, retry_ms: parser.retryMs, last_id: parser.lastEventId };
}

function* chopped(bytes: Uint8Array, pieceBytes: number): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

for (const { name, base64, ...expected } of vectors) {
  const bytes = new Uint8Array(Buffer.from(base64, "base64"));

  test(`an event stream in pieces of any size: ${name}`, () => {
    for (const pieceBytes of [1, 2, 3, 5, 7, bytes.length + 1]) assert.deepEqual(parsed(chopped(bytes, pieceBytes)), expected, `pieces of ${pieceBytes}`);
  });

  test(`an event stream cut in two anywhere: ${name}`, () => {
    for (let cut = 0; cut <= Math.min(bytes.length, 200); cut++) {
      assert.deepEqual(parsed([bytes.subarray(0, cut), new Uint8Array(), bytes.subarray(cut)]), expected, `cut at ${cut}`);
    }
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

test("comments are counted", () => {
  const parser = new SseParser();
  assert.deepEqual(parser.feed(encoder.encode(":\n: keep-alive\n\n")), []);
  assert.equal(parser.comments, 2);
});

test("a long line in many pieces takes time in proportion to its length", () => {
  const parser = new SseParser();
  const piece = encoder.encode("x".repeat(1024));
  parser.feed(encoder.encode("data: "));
  for (let count = 0; count < 20_000; count++) parser.feed(piece);
  const [event] = parser.feed(encoder.encode("\n\n"));
  assert.equal(event?.data.length, 20_000 * 1024);
});
