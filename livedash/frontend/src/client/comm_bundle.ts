// The comms of one page's widgets as one channel: each streams its own panel's rooms, and the client takes each record once.
import type { CommChannel } from "./contract.ts";

export class CommBundle implements CommChannel {
  private readonly channels = new Set<CommChannel>();
  private readonly listeners = new Set<(message: Uint8Array) => void>();

  add(channel: CommChannel): void {
    if (this.channels.has(channel)) return;
    this.channels.add(channel);
    channel.onMessage((message) => this.listeners.forEach((listener) => listener(message)));
  }

  /** By the first that takes it: asked on all of them, the kernel would stream each room on each. Throws where none does. */
  send(message: Uint8Array): void {
    for (const channel of [...this.channels]) {
      try {
        channel.send(message);
        return;
      } catch {
        this.channels.delete(channel); // its widget is gone
      }
    }
    throw new Error("all comms of this page are closed");
  }

  onMessage(listener: (message: Uint8Array) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}
