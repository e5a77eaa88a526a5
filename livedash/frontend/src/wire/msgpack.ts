// MessagePack (github.com/msgpack/msgpack/blob/master/spec.md), as much of it as the protocol uses, for hostile input.
//
// Our own, since what the package of that name brings (streams, extension codecs, BigInt modes) is five times this file, and two choices
// differ: integers that a double can't hold come out as their exact text, as from json.ts, and `bin` as a view that is not copied.
import { Malformed } from "./malformed.ts";

const MAX_DEPTH = 100; // a record nests 64 levels at most; deeper input is an attack on the stack
const utf8Decoder = new TextDecoder("utf-8");
const utf8Encoder = new TextEncoder();

/** One value and nothing behind it. `bin` and unknown extensions are views into `bytes`. Raises Malformed. */
export function decode(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.at !== bytes.length) throw new Malformed(`${bytes.length - reader.at} bytes after the end of a message`);
  return value;
}

class Reader {
  at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new Malformed(`nested deeper than ${MAX_DEPTH} levels`);
    const tag = this.bytes[this.take(1)]!;
    if (tag < 0x80) return tag;
    if (tag < 0x90) return this.map(tag & 0x0f, depth);
    if (tag < 0xa0) return this.array(tag & 0x0f, depth);
    if (tag < 0xc0) return this.text(tag & 0x1f);
    if (tag >= 0xe0) return tag - 0x100;
    switch (tag) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: return this.raw(this.size(1));
      case 0xc5: return this.raw(this.size(2));
      case 0xc6: return this.raw(this.size(4));
      case 0xc7: return this.extension(this.size(1));
      case 0xc8: return this.extension(this.size(2));
      case 0xc9: return this.extension(this.size(4));
      case 0xca: return this.view.getFloat32(this.take(4));
      case 0xcb: return this.view.getFloat64(this.take(8));
      case 0xcc: return this.size(1);
      case 0xcd: return this.size(2);
      case 0xce: return this.size(4);
      case 0xcf: return exact(this.view.getBigUint64(this.take(8)));
      case 0xd0: return this.view.getInt8(this.take(1));
      case 0xd1: return this.view.getInt16(this.take(2));
      case 0xd2: return this.view.getInt32(this.take(4));
      case 0xd3: return exact(this.view.getBigInt64(this.take(8)));
      case 0xd4: return this.extension(1);
      case 0xd5: return this.extension(2);
      case 0xd6: return this.extension(4);
      case 0xd7: return this.extension(8);
      case 0xd8: return this.extension(16);
      case 0xd9: return this.text(this.size(1));
      case 0xda: return this.text(this.size(2));
      case 0xdb: return this.text(this.size(4));
      case 0xdc: return this.array(this.size(2), depth);
      case 0xdd: return this.array(this.size(4), depth);
      case 0xde: return this.map(this.size(2), depth);
      case 0xdf: return this.map(this.size(4), depth);
      default: throw new Malformed(`byte 0x${tag.toString(16)} begins no value`);
    }
  }

  /** Moves on by `count` bytes; answers where they begin. */
  private take(count: number): number {
    const start = this.at;
    if (count > this.bytes.length - start) throw new Malformed("a message ends in the middle of a value");
    this.at = start + count;
    return start;
  }

  private size(bytes: 1 | 2 | 4): number {
    const at = this.take(bytes);
    return bytes === 1 ? this.bytes[at]! : bytes === 2 ? this.view.getUint16(at) : this.view.getUint32(at);
  }

  private raw(length: number): Uint8Array {
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }

  private text(length: number): string {
    const start = this.take(length);
    // Short texts are mostly keys in ASCII, for which a TextDecoder call costs more than the letters.
    if (length > 24) return utf8Decoder.decode(this.bytes.subarray(start, start + length));
    let text = "";
    for (let at = start; at < start + length; at++) {
      const byte = this.bytes[at]!;
      if (byte > 0x7f) return utf8Decoder.decode(this.bytes.subarray(start, start + length));
      text += String.fromCharCode(byte);
    }
    return text;
  }

  private array(length: number, depth: number): unknown[] {
    this.expectItems(length);
    const items: unknown[] = new Array(length);
    for (let index = 0; index < length; index++) items[index] = this.value(depth + 1);
    return items;
  }

  private map(length: number, depth: number): Record<string, unknown> {
    this.expectItems(length * 2);
    const object: Record<string, unknown> = {};
    for (let index = 0; index < length; index++) {
      const key = this.value(depth + 1);
      if (typeof key !== "string") throw new Malformed("a key that is no text");
      const value = this.value(depth + 1);
      // As an assignment, the key __proto__ would set the object's prototype.
      if (key === "__proto__") Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      else object[key] = value;
    }
    return object;
  }

  private extension(length: number): Uint8Array {
    this.take(1);
    return this.raw(length);
  }

  /** Each item takes a byte at least: a length beyond that is a lie, which would have us allocate gigabytes. */
  private expectItems(count: number): void {
    if (count > this.bytes.length - this.at) throw new Malformed(`${count} items in ${this.bytes.length - this.at} bytes`);
  }
}

function exact(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

/** null, booleans, numbers, texts, Uint8Array, arrays and plain objects; undefined members are left out. */
export function encode(value: unknown): Uint8Array {
  const writer = new Writer();
  writer.value(value);
  return writer.bytes.slice(0, writer.at);
}

class Writer {
  bytes = new Uint8Array(256);
  at = 0;
  private view = new DataView(this.bytes.buffer);

  value(value: unknown): void {
    if (value === null || value === undefined) this.byte(0xc0);
    else if (typeof value === "boolean") this.byte(value ? 0xc3 : 0xc2);
    else if (typeof value === "number") this.number(value);
    else if (typeof value === "string") this.text(value);
    else if (value instanceof Uint8Array) this.raw(value);
    else if (Array.isArray(value)) this.array(value);
    else if (typeof value === "object") this.map(value as Record<string, unknown>);
    else throw new TypeError(`${typeof value} has no MessagePack form here`);
  }

  private number(value: number): void {
    if (!Number.isInteger(value) || Object.is(value, -0)) this.float(value);
    else if (value >= 0 && value < 0x80) this.byte(value);
    else if (value < 0 && value >= -0x20) this.byte(value + 0x100);
    else if (value >= 0 && value <= 0xffffffff) this.tagged(0xce, 4, (view, at) => view.setUint32(at, value));
    else if (value < 0 && value >= -0x80000000) this.tagged(0xd2, 4, (view, at) => view.setInt32(at, value));
    else if (Number.isSafeInteger(value)) this.tagged(0xd3, 8, (view, at) => view.setBigInt64(at, BigInt(value)));
    else this.float(value);
  }

  private float(value: number): void {
    this.tagged(0xcb, 8, (view, at) => view.setFloat64(at, value));
  }

  private text(value: string): void {
    const bytes = utf8Encoder.encode(value);
    if (bytes.length < 0x20) this.byte(0xa0 | bytes.length);
    else this.length(bytes.length, [0xd9, 0xda, 0xdb]);
    this.append(bytes);
  }

  private raw(value: Uint8Array): void {
    this.length(value.length, [0xc4, 0xc5, 0xc6]);
    this.append(value);
  }

  private array(items: readonly unknown[]): void {
    if (items.length < 0x10) this.byte(0x90 | items.length);
    else this.length(items.length, [null, 0xdc, 0xdd]);
    for (const item of items) this.value(item);
  }

  private map(object: Record<string, unknown>): void {
    const entries = Object.entries(object).filter(([, value]) => value !== undefined);
    if (entries.length < 0x10) this.byte(0x80 | entries.length);
    else this.length(entries.length, [null, 0xde, 0xdf]);
    for (const [key, value] of entries) {
      this.text(key);
      this.value(value);
    }
  }

  /** `tags` for lengths of 8, 16 and 32 bits; null where there is none. */
  private length(length: number, tags: readonly [number | null, number, number]): void {
    if (tags[0] !== null && length <= 0xff) this.tagged(tags[0], 1, (view, at) => view.setUint8(at, length));
    else if (length <= 0xffff) this.tagged(tags[1], 2, (view, at) => view.setUint16(at, length));
    else this.tagged(tags[2], 4, (view, at) => view.setUint32(at, length));
  }

  private byte(value: number): void {
    const at = this.room(1);
    this.bytes[at] = value;
  }

  /** `write` gets the view that there is when the room is made: making it may replace the buffer. */
  private tagged(tag: number, size: number, write: (view: DataView, at: number) => void): void {
    this.byte(tag);
    const at = this.room(size);
    write(this.view, at);
  }

  private append(bytes: Uint8Array): void {
    const at = this.room(bytes.length);
    this.bytes.set(bytes, at);
  }

  private room(size: number): number {
    const start = this.at;
    if (start + size > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.bytes.length * 2, start + size));
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    this.at = start + size;
    return start;
  }
}
