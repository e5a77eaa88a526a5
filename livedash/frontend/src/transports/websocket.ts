// The WebSocket: two-way, any number of rooms on one socket, messages in MessagePack.
import type { HubMessage, Subscribe, ViewerMessage } from "../wire/messages.ts";
import { messageOf } from "../wire/messages.ts";
import { decode, encode } from "../wire/msgpack.ts";
import { formatCursor } from "../wire/position.ts";
import type { Connection, ConnectionEvents, Requests, Transport, Wish } from "./contract.ts";

export const SUBPROTOCOL = "livedash.v1.msgpack";
const PATH = "ws";
const OPEN = 1; // WebSocket.OPEN, which a page without WebSockets has no constant for
const LEFT_BY_VIEWER = 1000;
const ABNORMAL = 1006; // RFC 6455 7.1.5: what a connection that failed is closed with

export type SocketFactory = (url: string, protocols: string[]) => WebSocket;

export function webSocketTransport(requests: Requests, open: SocketFactory): Transport {
  return {
    name: "websocket",
    isJudgedBySilence: true,
    connect: (wishes, events) => new SocketConnection(open(requests.socketUrl(PATH), [SUBPROTOCOL]), wishes, events),
  };
}

export function subscribeMessage(wish: Wish): Subscribe {
  const { word, entries } = wish.start();
  return {
    op: "subscribe",
    room: wish.room,
    since: entries.length > 0 ? formatCursor(entries) : word,
    shape: "columns",
    mode: wish.mode,
    max_hz: wish.maxHz,
    window: wish.window,
  };
}

class SocketConnection implements Connection {
  /** What waits for the handshake, by room. */
  private readonly waiting: Map<string, Wish>;

  constructor(
    private readonly socket: WebSocket,
    wishes: Iterable<Wish>,
    private readonly events: ConnectionEvents,
  ) {
    this.waiting = new Map(Array.from(wishes, (wish) => [wish.room, wish]));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.onOpen();
    socket.onmessage = (event: MessageEvent<unknown>) => this.onMessage(event.data);
    socket.onerror = () => this.end("the WebSocket failed", ABNORMAL); // a close follows, except in some engines
    socket.onclose = (event) => this.end(event.reason || `the WebSocket closed with code ${event.code}`, event.code);
  }

  subscribe(wish: Wish): void {
    if (this.socket.readyState === OPEN) this.send(subscribeMessage(wish));
    else this.waiting.set(wish.room, wish);
  }

  unsubscribe(room: string): void {
    if (this.socket.readyState === OPEN) this.send({ op: "unsubscribe", room });
    else this.waiting.delete(room);
  }

  ping(): void {
    if (this.socket.readyState === OPEN) this.send({ op: "ping" });
  }

  close(): void {
    this.letGo();
    this.socket.close(LEFT_BY_VIEWER);
  }

  private onOpen(): void {
    for (const wish of this.waiting.values()) this.send(subscribeMessage(wish));
    this.waiting.clear();
  }

  private onMessage(data: unknown): void {
    let message: HubMessage | null;
    try {
      if (!(data instanceof ArrayBuffer)) throw new TypeError("a text message, where the subprotocol is binary");
      message = messageOf(decode(new Uint8Array(data)));
    } catch (error) {
      // Nothing that follows can be trusted to follow what came before.
      this.socket.close(LEFT_BY_VIEWER);
      this.end(String(error));
      return;
    }
    this.events.alive();
    if (message) this.events.message(message);
  }

  private end(detail: string, closeCode?: number): void {
    this.letGo();
    this.events.ended({ detail, ...(closeCode !== undefined && { closeCode }) });
  }

  private letGo(): void {
    this.socket.onopen = this.socket.onmessage = this.socket.onerror = this.socket.onclose = null;
  }

  private send(message: ViewerMessage): void {
    this.socket.send(encode(message) as Uint8Array<ArrayBuffer>);
  }
}
