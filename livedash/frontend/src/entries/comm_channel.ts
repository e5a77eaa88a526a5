// A widget's model as a channel of bytes: messages of the kernel come as buffers, and so do those to it.
import type { CommChannel } from "../client/contract.ts";

export interface Model {
  get(name: string): unknown;
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(event: string, listener: (content: unknown, buffers: DataView[]) => void): void;
  off(event: string, listener: (content: unknown, buffers: DataView[]) => void): void;
}

const channels = new WeakMap<Model, CommChannel>();

/** One per model, however many views it has. */
export function channelOf(model: Model): CommChannel {
  let channel = channels.get(model);
  if (!channel) {
    channel = newChannel(model);
    channels.set(model, channel);
  }
  return channel;
}

function newChannel(model: Model): CommChannel {
  return {
    send: (message) => model.send({}, undefined, [message.slice().buffer as ArrayBuffer]),
    onMessage(listener) {
      const take = (_: unknown, buffers: DataView[]): void => {
        for (const view of buffers) listener(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
      };
      model.on("msg:custom", take);
      return () => model.off("msg:custom", take);
    },
  };
}
