import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Batch } from "../../src/wire/batch.ts";
import { recordAt } from "../../src/wire/batch.ts";
import { parseJson } from "../../src/wire/json.ts";
import { messageOf } from "../../src/wire/messages.ts";
import { decode } from "../../src/wire/msgpack.ts";
import { bytesOfBase64 } from "./bytes.ts";

interface Vector {
  readonly name: string;
  readonly batch_json: string;
  readonly msgpack_base64: string;
  readonly records: readonly Record<string, unknown>[];
}

// Parsed as the wire is, so that integers beyond 2^53 are texts on both sides.
const vectors = parseJson(readFileSync("../../tests/vectors/batches.json", "utf8")) as Vector[];
const ISO_WITHOUT_ZONE = /T[^Z+-]*$/;

test("there are vectors", () => assert.ok(vectors.length > 10));

for (const vector of vectors) {
  test(`JSON is read as its records: ${vector.name}`, () => {
    assert.deepEqual(recordsOf(batchOf(parseJson(vector.batch_json))), expectedOf(vector, batchOf(parseJson(vector.batch_json))));
  });

  test(`MessagePack is read as its records: ${vector.name}`, () => {
    const batch = batchOf(decode(bytesOfBase64(vector.msgpack_base64)));
    assert.deepEqual(recordsOf(batch), expectedOf(vector, batch));
  });

  test(`both codecs give the same message: ${vector.name}`, () => {
    const [fromJson, fromBytes] = [messageOf(parseJson(vector.batch_json)), messageOf(decode(bytesOfBase64(vector.msgpack_base64)))];
    assert.ok(fromJson && "batch" in fromJson && fromBytes && "batch" in fromBytes);
    assert.deepEqual({ ...fromBytes, batch: withoutColumns(fromBytes.batch) }, { ...fromJson, batch: withoutColumns(fromJson.batch) });
  });
}

function batchOf(raw: unknown): Batch {
  const message = messageOf(raw);
  assert.ok(message && "batch" in message);
  return message.batch;
}

function withoutColumns(batch: Batch): unknown {
  return { ...batch, columns: [...batch.columns.keys()] };
}

/** JSON has null for what is not finite. */
function recordsOf(batch: Batch): Record<string, unknown>[] {
  return Array.from({ length: batch.count }, (_, row) => mapped(recordAt(batch, row), (value) => (isNotFinite(value) ? null : value)));
}

function isNotFinite(value: unknown): boolean {
  return typeof value === "number" && !Number.isFinite(value);
}

/** The vectors have times as texts, a column has ms. */
function expectedOf({ records }: Vector, batch: Batch): Record<string, unknown>[] {
  return records.map((record, row) =>
    mapped(record, (value, name) => {
      const column = batch.columns.get(name)!;
      if (column.type !== "time" || typeof value !== "string") return value;
      const got = recordAt(batch, row)[name] as number;
      const ms = Date.parse(ISO_WITHOUT_ZONE.test(value) ? `${value}Z` : value);
      assert.ok(Math.abs(got - ms) < 1, `${value} is ${ms}, not ${got}`); // Date.parse leaves out what is below a millisecond
      return got;
    }),
  );
}

function mapped(record: Record<string, unknown>, of: (value: unknown, name: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value, name)]));
}
