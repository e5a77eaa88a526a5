// A column as it travels (lists in JSON, packed little-endian bytes in MessagePack) becomes a column as it is held: typed arrays, times in ms.
//
// All of it comes from outside and is checked here, so that no later reader of a batch has to. Every platform with a browser is
// little-endian, so packed bytes are copied into typed arrays as they are.
import type { Column, ColumnType } from "./column.ts";
import { Malformed } from "./malformed.ts";

const TYPES: ReadonlySet<unknown> = new Set<ColumnType>(["f8", "i8", "bool", "str", "time", "json"]);
const UNITS: ReadonlyMap<string, { ms: number; per: number }> = new Map([
  ["s", { ms: 1000, per: 1 }],
  ["ms", { ms: 1, per: 1 }],
  ["us", { ms: 1, per: 1e3 }],
  ["ns", { ms: 1, per: 1e6 }],
]);
const TWO_32 = 4294967296;
const NAT_HIGH = -0x80000000; // the high half of int64's minimum, which stands for a missing time
const INTEGER_TEXT = /^-?[0-9]{1,20}$/;
const NONE: readonly number[] = Object.freeze([]);

type Fields = Record<string, unknown>;

export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw new Malformed(`${what} is no map`);
  }
  return value as Fields;
}

/** Raises Malformed. */
export function columnOf(raw: unknown, count: number, name: string): Column {
  const fields = fieldsOf(raw, `column ${name}`);
  if (!TYPES.has(fields.type)) throw new Malformed(`column ${name} has the type ${String(fields.type)}`);
  const type = fields.type as ColumnType;
  const absent = absentOf(fields.absent, count, name);
  const unit = optionalText(fields.unit, name);
  const tz = optionalText(fields.tz, name);
  const decoded = valuesOf(type, fields, unit, name);
  if (decoded.values.length !== count - absent.length) {
    throw new Malformed(`column ${name} has ${decoded.values.length} values and ${absent.length} absent rows of ${count}`);
  }
  return { type, absent, ...decoded, ...(unit !== undefined && { unit }), ...(tz !== undefined && { tz }) };
}

/** µs since 1970, one per row. */
export function timesOf(raw: unknown, count: number): Float64Array {
  const { values } = raw instanceof Uint8Array ? integersOfBytes(raw) : integersOfList(raw, "times");
  if (values.length !== count) throw new Malformed(`${values.length} times for ${count} records`);
  return values;
}

type Values = Pick<Column, "values" | "exact">;

function valuesOf(type: ColumnType, fields: Fields, unit: string | undefined, name: string): Values {
  const { values, categories } = fields;
  if (categories !== undefined && categories !== null) {
    if (type !== "str") throw new Malformed(`column ${name} has categories and is no text`);
    return { values: categorical(values, categories, name) };
  }
  switch (type) {
    case "f8":
      return { values: values instanceof Uint8Array ? new Float64Array(aligned(values, 8)) : numbersOfList(values, name) };
    case "i8":
      return values instanceof Uint8Array ? integersOfBytes(values) : integersOfList(values, name);
    case "bool":
      return { values: values instanceof Uint8Array ? Float64Array.from(values, oneOrZero) : booleansOfList(values, name) };
    case "time":
      return { values: timesInMs(values, unit, name) };
    case "str":
      return { values: textsOf(values, name) };
    case "json":
      return { values: listOf(values, name) };
  }
}

function absentOf(raw: unknown, count: number, name: string): readonly number[] {
  if (raw === undefined || raw === null) return NONE;
  const rows = listOf(raw, name);
  let before = -1;
  for (const row of rows) {
    if (!Number.isInteger(row) || (row as number) <= before || (row as number) >= count) {
      throw new Malformed(`the absent rows of column ${name} are not ascending row numbers`);
    }
    before = row as number;
  }
  return rows as readonly number[];
}

function optionalText(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new Malformed(`unit or zone of column ${name} is no text`);
  return value;
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Malformed(`column ${name} has no list of values`);
  return value;
}

/** A copy that begins where a typed array may, and does not keep the whole message alive. */
function aligned(bytes: Uint8Array, itemBytes: number): ArrayBuffer {
  if (bytes.length % itemBytes !== 0) throw new Malformed(`${bytes.length} bytes are no items of ${itemBytes}`);
  return bytes.slice().buffer as ArrayBuffer;
}

function numbersOfList(raw: unknown, name: string): Float64Array {
  return Float64Array.from(listOf(raw, name), (value) => {
    if (value === null) return NaN;
    if (typeof value === "number") return value;
    // A float without fraction may look like a large integer, which json.ts gives as text.
    if (typeof value === "string" && INTEGER_TEXT.test(value)) return Number(value);
    throw new Malformed(`column ${name} holds a ${typeof value} among its numbers`);
  });
}

function integersOfList(raw: unknown, name: string): Values & { values: Float64Array } {
  const list = listOf(raw, name);
  const values = numbersOfList(list, name);
  if (!list.some((value) => typeof value === "string")) return { values };
  return { values, exact: list.map((value) => (value === null ? null : String(value))) };
}

function integersOfBytes(bytes: Uint8Array): Values & { values: Float64Array } {
  const buffer = aligned(bytes, 8);
  const { values, isExact } = doublesOfInt64(buffer);
  return isExact ? { values } : { values, exact: Array.from(new BigInt64Array(buffer), String) };
}

/** By halves: a BigInt for each value would take ten times as long. */
function doublesOfInt64(buffer: ArrayBuffer): { values: Float64Array; isExact: boolean } {
  const low = new Uint32Array(buffer);
  const high = new Int32Array(buffer);
  const values = new Float64Array(buffer.byteLength / 8);
  let isExact = true;
  for (let index = 0; index < values.length; index++) {
    const value = high[2 * index + 1]! * TWO_32 + low[2 * index]!;
    values[index] = value;
    if (value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER) isExact = false;
  }
  return { values, isExact };
}

function oneOrZero(value: number): number {
  return value === 0 ? 0 : 1;
}

function booleansOfList(raw: unknown, name: string): Float64Array {
  return Float64Array.from(listOf(raw, name), (value) => {
    if (value === null) return NaN;
    if (typeof value !== "boolean") throw new Malformed(`column ${name} holds a ${typeof value} among its booleans`);
    return value ? 1 : 0;
  });
}

function timesInMs(raw: unknown, unit: string | undefined, name: string): Float64Array {
  const scale = UNITS.get(unit ?? "us");
  if (scale === undefined) throw new Malformed(`column ${name} has the unit ${String(unit)}`);
  const values = raw instanceof Uint8Array ? packedTimes(raw) : numbersOfList(raw, name);
  const { ms, per } = scale;
  if (ms !== per) for (let index = 0; index < values.length; index++) values[index] = (values[index]! * ms) / per;
  return values;
}

function packedTimes(bytes: Uint8Array): Float64Array {
  const buffer = aligned(bytes, 8);
  const { values } = doublesOfInt64(buffer);
  const halves = new Int32Array(buffer);
  for (let index = 0; index < values.length; index++) {
    if (halves[2 * index + 1] === NAT_HIGH && halves[2 * index] === 0) values[index] = NaN;
  }
  return values;
}

function textsOf(raw: unknown, name: string): readonly (string | null)[] {
  const texts = listOf(raw, name);
  for (const text of texts) {
    if (typeof text !== "string" && text !== null) throw new Malformed(`column ${name} holds a ${typeof text} among its texts`);
  }
  return texts as readonly (string | null)[];
}

function categorical(raw: unknown, rawCategories: unknown, name: string): (string | null)[] {
  const categories = textsOf(rawCategories, name);
  const codes: ArrayLike<unknown> = raw instanceof Uint8Array ? new Int32Array(aligned(raw, 4)) : listOf(raw, name);
  return Array.from(codes, (code) => {
    if (code === null || code === -1) return null;
    const text = Number.isInteger(code) ? categories[code as number] : undefined;
    if (text === undefined) throw new Malformed(`column ${name} has a code outside of its categories`);
    return text;
  });
}
