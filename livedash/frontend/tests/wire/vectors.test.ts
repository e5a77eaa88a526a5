import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { recordAt } from "../../src/wire/batch.ts";
import { parseJson } from "../../src/wire/json.ts";
import { messageOf } from "../../src/wire/messages.ts";
import { decode } from "../../src/wire/msgpack.ts";

interface Vector {
  readonly name: string;
  readonly batch_json: string;
  readonly msgpack_base64: string;
}

const vectors = JSON.parse(readFileSync("../../tests/vectors/batches.json", "utf8")) as Vector[];

for (const vector of vectors) {
  test(`both codecs give the same batch: ${vector.name}`, () => {
    const [fromJson, fromBytes] = [messageOf(parseJson(vector.batch_json)), messageOf(decode(bytesOf(vector.msgpack_base64)))];
    assert.ok(fromJson && "batch" in fromJson && fromBytes && "batch" in fromBytes);
    assert.equal(fromBytes.op, fromJson.op);
    assert.deepEqual({ ...fromJson.batch, columns: null }, { ...fromBytes.batch, columns: null });
    for (let row = 0; row < fromJson.batch.count; row++) {
      assert.deepEqual(finite(recordAt(fromBytes.batch, row)), finite(recordAt(fromJson.batch, row)));
    }
  });
}

/** JSON has null for what is not finite. */
function finite(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, typeof value === "number" && !Number.isFinite(value) ? NaN : value]));
}

/** As a browser has them: slices of a Buffer would share its memory. */
function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}
