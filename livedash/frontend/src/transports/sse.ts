// Server-sent events by fetch, which unlike EventSource can send headers, read statuses and see comments. One stream for all rooms.
import type { HubMessage } from "../wire/messages.ts";
import { messageOf } from "../wire/messages.ts";
import { parseJson } from "../wire/json.ts";
import { fieldsOf } from "../wire/values.ts";
import type { SseEvent } from "../wire/sse.ts";
import { SseParser } from "../wire/sse.ts";
import { keyedOf, piecesOf, subscribedOf, whyRefused } from "./answer.ts";
import type { Clock, ConnectionEvents, End, Requests, Transport, Wish } from "./contract.ts";
import { queryOf } from "./query.ts";
import { RequestsInTurn } from "./requests_in_turn.ts";

const PATH = "feed";
const MIME_TYPE = "text/event-stream"; // exactly this: jupyter-server-proxy and others stream nothing else
const START = "livedash.start";
const KEEP_ALIVE_S = 4; // a quiet stream can't be asked: its comments come as often as a WebSocket would be pinged

export function sseTransport(requests: Requests, clock: Clock): Transport {
  return {
    name: "sse",
    isJudgedBySilence: true,
    connect: (wishes, events) => new Stream(requests, wishes, clock, events),
  };
}

class Stream extends RequestsInTurn {
  constructor(
    private readonly requests: Requests,
    wishes: Iterable<Wish>,
    clock: Clock,
    events: ConnectionEvents,
  ) {
    super(wishes, clock, events);
  }

  protected async request(wishes: readonly Wish[], _isFirst: boolean, signal: AbortSignal): Promise<End> {
    const { params, cursor } = queryOf(wishes);
    params.set("keep_alive", String(KEEP_ALIVE_S));
    const headers = { Accept: MIME_TYPE, "Cache-Control": "no-cache", ...(cursor !== "" && { "Last-Event-ID": cursor }) };
    const response = await this.requests.get(PATH, { params, headers, signal });
    const refusal = await whyRefused(response, MIME_TYPE);
    if (refusal) return refusal;
    const parser = new SseParser();
    for await (const bytes of piecesOf(response, signal)) {
      this.events.alive();
      for (const event of parser.feed(bytes)) this.hand(event, wishes, signal);
    }
    return { detail: "the event stream ended" };
  }

  private hand(event: SseEvent, wishes: readonly Wish[], signal: AbortSignal): void {
    if (event.event === START) this.onDegraded(null); // else that follows
    for (const message of messagesOf(event, wishes)) {
      if (signal.aborted) return; // the message before may have led to a new request
      if (message.op === "degraded") this.onDegraded(message.reason);
      else this.events.message(message);
    }
  }
}

function messagesOf(event: SseEvent, wishes: readonly Wish[]): HubMessage[] {
  if (event.event === START) {
    const { cursor, keys } = fieldsOf(parseJson(event.data), START);
    const start = typeof cursor === "string" ? cursor : event.id;
    return [...keyedOf(keys), ...subscribedOf(start, wishes, keys)];
  }
  const message = messageOf(parseJson(event.data));
  return message ? [message] : [];
}
