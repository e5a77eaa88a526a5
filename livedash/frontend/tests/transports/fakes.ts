// What transports talk to, held by a test: wishes, sockets, and a server that answers requests when it is told to.
import type { ConnectionEvents, End, Requests, Wish } from "../../src/transports/contract.ts";
import type { HubMessage } from "../../src/wire/messages.ts";
import { decode, encode } from "../../src/wire/msgpack.ts";

/** `entries` may change between requests, as the client's do. */
export class FakeWish implements Wish {
  entries: string[] = [];

  constructor(
    readonly room: string,
    readonly word = "snapshot",
    readonly window: number | null = 100,
    readonly mode: Wish["mode"] = "all",
    readonly maxHz: number | null = null,
  ) {}

  start(): { word: string; entries: string[] } {
    return { word: this.word, entries: this.entries };
  }
}

/** What a connection told, in order. */
export class Told implements ConnectionEvents {
  readonly calls: string[] = [];
  readonly messages: HubMessage[] = [];
  readonly ends: End[] = [];
  onMessage: (message: HubMessage) => void = () => undefined;

  alive(): void {
    this.calls.push("alive");
  }

  message(message: HubMessage): void {
    this.calls.push(message.op);
    this.messages.push(message);
    this.onMessage(message);
  }

  ended(end: End): void {
    this.calls.push("ended");
    this.ends.push(end);
  }
}

export class FakeSocket {
  readyState = 0;
  binaryType = "blob";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: (() => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  closedWith: number | undefined;
  readonly sent: unknown[] = [];

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {}

  send(data: Uint8Array): void {
    this.sent.push(decode(data));
  }

  close(code?: number): void {
    this.readyState = 3;
    this.closedWith = code;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  receive(message: unknown): void {
    this.onmessage?.({ data: encode(message).slice().buffer });
  }
}

/** One request that waits for its answer. */
export class Asked {
  private controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  private readonly encoder = new TextEncoder();

  constructor(
    readonly path: string,
    readonly params: URLSearchParams,
    readonly headers: Record<string, string>,
    readonly signal: AbortSignal,
    private readonly resolve: (response: Response) => void,
    readonly fail: (error: Error) => void,
  ) {
    signal.addEventListener("abort", () => {
      fail(new DOMException("aborted", "AbortError"));
      try {
        this.controller?.error(new DOMException("aborted", "AbortError"));
      } catch {
        // It had ended before.
      }
    });
  }

  answer(status: number, type: string, body: string, headers: Record<string, string> = {}): void {
    this.resolve(new Response(body, { status, headers: { "Content-Type": type, ...headers } }));
  }

  json(value: unknown): void {
    this.answer(200, "application/json; charset=utf-8", JSON.stringify(value));
  }

  stream(): void {
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (this.controller = controller) });
    this.resolve(new Response(body, { headers: { "Content-Type": "text/event-stream; charset=utf-8" } }));
  }

  write(text: string): void {
    this.controller!.enqueue(this.encoder.encode(text));
  }

  end(): void {
    this.controller!.close();
  }
}

export class FakeServer implements Requests {
  readonly asked: Asked[] = [];

  get last(): Asked {
    return this.asked.at(-1)!;
  }

  get(path: string, { params, headers, signal }: Parameters<Requests["get"]>[1]): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.asked.push(new Asked(path, params ?? new URLSearchParams(), headers ?? {}, signal, resolve, reject));
    });
  }

  socketUrl(path: string): string {
    return `ws://hub/livedash/${path}`;
  }
}

export function wireColumns(first: number, last: number, room = "train", op = "columns"): Record<string, unknown> {
  const offsets = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return { op, room, epoch: "k3x9", offset: last, count: offsets.length, times: offsets, columns: { n: { type: "i8", values: offsets } } };
}
