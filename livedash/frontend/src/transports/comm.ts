// The widget's comm: the messages of the WebSocket as buffers, where no server can be reached from the page.
//
// A kernel that runs a cell reads no message before the cell has ended. Its side therefore streams a panel's rooms without being asked, and
// may have begun before this side listened: what comes is taken by its offset, whatever was asked.
import type { HubMessage, ViewerMessage } from "../wire/messages.ts";
import { messageOf } from "../wire/messages.ts";
import { decode, encode } from "../wire/msgpack.ts";
import type { Connection, ConnectionEvents, Transport, Wish } from "./contract.ts";
import { subscribeMessage } from "./websocket.ts";

/** As the host gives it; see client/contract.ts. */
export interface Channel {
  send(message: Uint8Array): void;
  onMessage(listener: (message: Uint8Array) => void): () => void;
}

export function commTransport(channel: Channel): Transport {
  return {
    name: "comm",
    isJudgedBySilence: false,
    connect: (wishes, events) => new CommConnection(channel, wishes, events),
  };
}

class CommConnection implements Connection {
  private readonly stopListening: () => void;
  private isClosed = false;

  constructor(
    private readonly channel: Channel,
    wishes: Iterable<Wish>,
    private readonly events: ConnectionEvents,
  ) {
    this.stopListening = channel.onMessage((bytes) => this.onMessage(bytes));
    for (const wish of wishes) this.subscribe(wish);
  }

  subscribe(wish: Wish): void {
    this.send(subscribeMessage(wish));
  }

  unsubscribe(room: string): void {
    this.send({ op: "unsubscribe", room });
  }

  ping(): void {
    this.send({ op: "ping" });
  }

  close(): void {
    this.isClosed = true;
    this.stopListening();
  }

  private onMessage(bytes: Uint8Array): void {
    if (this.isClosed) return;
    let message: HubMessage | null;
    try {
      message = messageOf(decode(bytes));
    } catch (error) {
      this.end(String(error));
      return;
    }
    this.events.alive();
    if (message) this.events.message(message);
    if (message?.op === "bye") this.end("the kernel's side has said bye");
  }

  private send(message: ViewerMessage): void {
    try {
      this.channel.send(encode(message));
    } catch (error) {
      // A comm that is gone throws. `ended` never comes from inside a call.
      queueMicrotask(() => this.end(`the widget's comm is closed: ${String(error)}`));
    }
  }

  private end(detail: string): void {
    if (this.isClosed) return;
    this.close();
    this.events.ended({ detail });
  }
}
