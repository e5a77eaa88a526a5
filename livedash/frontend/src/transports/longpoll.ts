// Long-polling: one request after the other, each answered when there is something. Gets through where a proxy buffers streams.
import { parseJson } from "../wire/json.ts";
import { messageOf } from "../wire/messages.ts";
import { fieldsOf } from "../wire/values.ts";
import { keyedOf, piecesOf, subscribedOf, whyRefused } from "./answer.ts";
import type { Clock, ConnectionEvents, End, Requests, Transport, Wish } from "./contract.ts";
import { queryOf } from "./query.ts";
import { RequestsInTurn } from "./requests_in_turn.ts";

const PATH = "poll";
const MIME_TYPE = "application/json";
const TIMEOUT_S = 4; // of a poll without records: well below the watchdog's limit, which counts from the last answer
const HASTY_MS = 500; // an empty answer that came sooner waited for nothing: a server that stops gives those
const PAUSE_MS = 1000;

export function longPollTransport(requests: Requests, clock: Clock): Transport {
  return {
    name: "longpoll",
    isJudgedBySilence: true,
    connect: (wishes, events) => new Polls(requests, wishes, clock, events),
  };
}

class Polls extends RequestsInTurn {
  constructor(
    private readonly requests: Requests,
    wishes: Iterable<Wish>,
    private readonly time: Clock,
    events: ConnectionEvents,
  ) {
    super(wishes, time, events);
  }

  protected async request(wishes: readonly Wish[], isFirst: boolean, signal: AbortSignal): Promise<End | number> {
    const askedMs = this.time.now();
    const { params, cursor } = queryOf(wishes);
    params.set("timeout", String(isFirst ? 0 : TIMEOUT_S)); // the first one tells at once which rooms are unknown yet
    if (cursor !== "") params.set("cursor", cursor);
    const response = await this.requests.get(PATH, { params, headers: { Accept: MIME_TYPE }, signal });
    const refusal = await whyRefused(response, MIME_TYPE);
    if (refusal) return refusal;
    const decoder = new TextDecoder();
    let body = "";
    for await (const bytes of piecesOf(response, signal)) {
      this.events.alive();
      body += decoder.decode(bytes, { stream: true });
    }
    const isEmpty = signal.aborted || this.hand(body, wishes, signal);
    return isEmpty && !isFirst && this.time.now() - askedMs < HASTY_MS ? PAUSE_MS : 0;
  }

  /** Hands out an answer's messages; true if it has none. */
  private hand(body: string, wishes: readonly Wish[], signal: AbortSignal): boolean {
    const answer = fieldsOf(parseJson(body), "a poll's answer");
    const messages = Array.isArray(answer.messages) ? answer.messages.map(messageOf) : [];
    // The cursor after the messages: rooms of which none came stand where it says, and the others are there already.
    const positions = typeof answer.cursor === "string" ? subscribedOf(answer.cursor, wishes, answer.keys) : [];
    // The keys come first: they tell how the records are to be held.
    const keys = keyedOf(answer.keys, positions);
    // The positions stand for an answer to a subscription, after which comes what fails.
    const failing = Object.entries(fieldsOf(answer.failing ?? {}, "what fails")).map(([room, sources]) => messageOf({ op: "failing", room, sources }));
    for (const message of [...keys, ...messages, ...positions, ...failing]) {
      if (message && !signal.aborted) this.events.message(message);
    }
    if (!signal.aborted) this.onDegraded(typeof answer.degraded === "string" ? answer.degraded : null);
    return messages.length === 0;
  }
}
