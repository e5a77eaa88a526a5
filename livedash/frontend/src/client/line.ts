// The line to one hub: which transport carries it, and what to do when a connection is silent, ends or is refused.
import { whyRefused } from "../transports/answer.ts";
import type { Clock, Connection, End, Requests, Transport, Wish } from "../transports/contract.ts";
import type { Bye, HubMessage } from "../wire/messages.ts";
import { Backoff } from "./backoff.ts";
import type { FeedStatus } from "./contract.ts";
import { Climb } from "./climb.ts";
import type { Ladder } from "./ladder.ts";
import type { Refusal } from "./refusal.ts";
import { refusalOfBye, refusalOfClose, refusalOfQuestion, refusalOfStatus, TRY_ANOTHER } from "./refusal.ts";
import { Watchdog, type Silence } from "./watchdog.ts";

const SETTLED_MS = 60_000; // a connection that lived so long and then fell silent was cut; one that did not was held back by a proxy
const SOUND_MS = 5_000; // one that lived so long works: the next try after it is the first again
const QUESTION_LIMIT_MS = 3_500;
const PROMPT_MS = 3_000; // a server that takes longer to answer was itself away: that says nothing about the transport
const CUTS = 2; // so many connections in a row may end soon after they began to carry the feed, before their transport is blamed
const UNANSWERED = 2; // so many questions without an answer, and the page takes its comm
const JSON_TYPE = "application/json";
const TRACE_LINES = 100;
const HASTY_MS = 1_000; // a try that is younger is not begun anew
const SILENCE: Readonly<Record<Silence, string>> = {
  mute: "the server said nothing for 5 s",
  silent: "nothing came from the server for 8 s",
  doubted: "the connection did not outlive the network or the sleep before",
};

export interface LineEvents {
  /** Asked anew for each connection. */
  wishes(): Iterable<Wish>;
  connecting(): void;
  message(message: HubMessage): void;
  status(status: FeedStatus): void;
}

export interface LineParts {
  readonly ladder: Ladder;
  readonly clock: Clock;
  readonly random: () => number;
  /** Null where there is no server to ask (comm only). */
  readonly requests: Requests | null;
  readonly hasKey: boolean;
}

export class Line {
  private connection: Connection | null = null;
  private transport: Transport | null = null;
  private watchdog: Watchdog | null = null;
  private begunMs = 0;
  private connectedMs: number | null = null;
  private bye: Bye | null = null;
  private degraded: string | null = null;
  private question: AbortController | null = null;
  private cancelRetry: () => void = () => undefined;
  private isOpen = false;
  private hasEverLived = false;
  private unanswered = 0;
  /** Connections of this transport in a row that fell silent or ended soon: the first ones may have been the network's fault. */
  private faults = 0;
  /** Tries in a row on which the hub said nothing, of a transport that worked before. */
  private mutes = 0;
  private readonly climb: Climb;
  private readonly told: string[] = [];
  private readonly backoff: Backoff;
  private current: FeedStatus;

  constructor(
    private readonly parts: LineParts,
    private readonly events: LineEvents,
  ) {
    this.backoff = new Backoff(parts.random);
    this.climb = new Climb(parts.ladder, parts.clock, { wishes: () => events.wishes(), climbed: () => this.reconnect("a better transport gets through") });
    this.current = { state: "connecting", transport: null, sinceMs: parts.clock.now() };
  }

  get status(): FeedStatus {
    return this.current;
  }

  /** The last states with their times, for who looks for a cause. */
  get trace(): readonly string[] {
    return this.told;
  }

  /** The transport that carries the feed or is being tried; not judged by silence means that nothing can be asked for now. */
  get canAsk(): boolean {
    return this.transport?.isJudgedBySilence !== false;
  }

  open(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    this.connect();
  }

  close(): void {
    this.isOpen = false;
    this.leave();
    this.climb.stop();
    this.set({ state: "connecting", transport: null });
  }

  subscribe(wish: Wish): void {
    this.connection?.subscribe(wish);
  }

  unsubscribe(room: string): void {
    this.connection?.unsubscribe(room);
  }

  /** The network is back, or somebody looks at the page again: what waits is tried at once, what is quiet is asked. */
  wake(): void {
    if (!this.isOpen || this.current.state === "ended") return;
    this.climb.hurry();
    if (this.connectedMs !== null) {
      this.watchdog?.doubt();
    } else if (this.sinceBegunMs() >= HASTY_MS || (this.connection === null && this.question === null)) {
      this.leave();
      this.connect();
    }
  }

  private connect(): void {
    const transport = (this.transport = this.parts.ladder.current);
    this.bye = null;
    this.connectedMs = null;
    this.begunMs = this.parts.clock.now();
    if (transport.isJudgedBySilence) {
      this.watchdog = new Watchdog(this.parts.clock, {
        ping: () => this.connection?.ping(),
        stale: () => this.onStale(transport),
        giveUp: (silence) => this.onSilence(silence),
      });
    }
    this.events.connecting();
    try {
      this.connection = transport.connect(this.events.wishes(), {
        alive: () => this.onAlive(transport),
        message: (message) => this.onMessage(message, transport),
        ended: (end) => this.onEnded(end),
      });
    } catch (error) {
      // A page's own rules forbid it (a content security policy, no WebSocket at all).
      this.cancelRetry = this.parts.clock.after(0, () => this.onEnded({ detail: String(error) }));
    }
  }

  private onAlive(transport: Transport): void {
    if (this.watchdog?.alive()) this.set({ state: "live", transport: transport.name });
  }

  private onMessage(message: HubMessage, transport: Transport): void {
    // A hub that is full or going lets a connection live for just a bye: that is no sign that it works.
    if (message.op === "bye") this.bye = message;
    else if (message.op === "degraded") this.onDegraded(message.reason, transport);
    else if (this.connectedMs === null) this.onLive(transport);
    this.events.message(message);
  }

  private onLive(transport: Transport): void {
    this.connectedMs = this.parts.clock.now();
    this.hasEverLived = true;
    this.unanswered = this.mutes = 0;
    this.parts.ladder.worked();
    this.set({ state: "live", transport: transport.name });
    this.climb.begin();
  }

  /** What a connection is told first, before it carries the feed. */
  private onDegraded(reason: string | null, transport: Transport): void {
    this.degraded = reason;
    if (this.connectedMs !== null) this.set({ state: "live", transport: transport.name });
  }

  private onStale(transport: Transport): void {
    if (this.connectedMs === null || this.watchdog === null) return; // it says that it connects, which is true
    this.set({ state: "stale", transport: transport.name, sinceMs: this.watchdog.lastAliveMs });
  }

  /** What fell silent is tried once more before the transport is blamed. */
  private onSilence(silence: Silence): void {
    if (this.livedMs() >= SETTLED_MS) this.faults = 0;
    if (silence === "doubted" || (silence === "silent" && this.faults++ === 0)) this.reconnect(SILENCE[silence]);
    else {
      this.leave();
      void this.askWhy(`${SILENCE[silence]}: a proxy may hold the feed back`, silence === "mute");
    }
  }

  private reconnect(reason: string): void {
    this.leave();
    this.set({ state: "reconnecting", transport: null, reason });
    this.connect();
  }

  private sinceBegunMs(): number {
    return this.parts.clock.now() - this.begunMs;
  }

  private livedMs(): number {
    return this.connectedMs === null ? 0 : this.parts.clock.now() - this.connectedMs;
  }

  private onEnded(end: End): void {
    const { bye, transport } = this;
    const wasLive = this.connectedMs !== null;
    const wasSound = this.livedMs() >= SOUND_MS;
    const wasCutAgain = wasLive && !wasSound && ++this.faults > CUTS;
    if (wasSound) {
      this.backoff.reset();
      this.faults = 0;
    }
    this.leave();
    const retryAfterS = bye?.retryAfterS ?? end.retryAfterS ?? null;
    const refusal =
      (bye && refusalOfBye(bye)) ??
      refusalOfClose(end, this.parts.hasKey) ??
      (end.status === undefined ? null : refusalOfStatus(end.status, end.detail, this.parts.hasKey, this.hasEverLived));
    const isProxysWord = refusal?.kind === "over" && end.status !== undefined && !end.isFromHub;
    if (refusal && !isProxysWord) this.obey(refusal, end.detail, retryAfterS, !wasLive);
    else if (bye) this.retryLater(end.detail, retryAfterS, !wasLive);
    else if (transport?.isJudgedBySilence === false) this.tryAnother(end.detail);
    else if (wasLive && !wasCutAgain) this.retry(end.detail, retryAfterS);
    else void this.askWhy(end.detail, !wasLive);
  }

  /** A page can't read the status of a WebSocket that was refused, nor see what a proxy holds back; another request tells who is to blame. */
  private async askWhy(detail: string, wasMute: boolean): Promise<void> {
    if (this.parts.requests === null) return this.retry(detail, null);
    const question = (this.question = new AbortController());
    this.set({ state: this.hasEverLived ? "reconnecting" : "connecting", transport: null, reason: detail });
    const cancelLimit = this.parts.clock.after(QUESTION_LIMIT_MS, () => question.abort());
    let refusal: Refusal | null = null;
    let retryAfterS: number | null = null;
    const askedMs = this.parts.clock.now();
    try {
      const headers = { Accept: JSON_TYPE };
      const end = await whyRefused(await this.parts.requests.get("rooms", { headers, signal: question.signal }), JSON_TYPE);
      retryAfterS = end?.retryAfterS ?? null;
      refusal = end?.status === undefined ? TRY_ANOTHER : refusalOfQuestion(end.status, detail, this.parts.hasKey, this.hasEverLived);
    } catch {
      // No answer at all: the server or the network is away.
    }
    cancelLimit();
    if (this.question !== question || !this.isOpen) return;
    this.question = null;
    if (refusal === null) this.onUnanswered(detail);
    else if (refusal === TRY_ANOTHER && this.parts.clock.now() - askedMs > PROMPT_MS) this.retry(detail, null);
    else if (refusal === TRY_ANOTHER && wasMute && this.parts.ladder.hasWorked && this.mutes++ === 0) this.reconnect(detail);
    else this.obey(refusal, detail, retryAfterS, true);
  }

  /** Where no server was ever reached, a page's rules may forbid to (VS Code, Colab): then its widget's comm is the way. */
  private onUnanswered(detail: string): void {
    this.unanswered++;
    this.faults = this.mutes = 0;
    if (!this.hasEverLived && this.unanswered >= UNANSWERED && this.parts.ladder.takeComm()) this.connect();
    else this.retry(detail, null);
  }

  private obey(refusal: Refusal, detail: string, retryAfterS: number | null, isFirstWord: boolean): void {
    switch (refusal.kind) {
      case "another":
        this.tryAnother(detail);
        break;
      case "later":
        this.retryLater(detail, retryAfterS, isFirstWord);
        break;
      case "over":
        if (refusal.state === "failed" && this.parts.ladder.takeComm()) this.connect();
        else this.giveUp({ state: refusal.state, transport: null, reason: refusal.reason, fix: refusal.fix });
        break;
    }
  }

  private giveUp(status: Omit<FeedStatus, "sinceMs">): void {
    this.climb.stop();
    this.set(status);
  }

  /** A server that is full or going says so before anything else: then another transport would not have helped either. */
  private retryLater(reason: string, retryAfterS: number | null, isFirstWord: boolean): void {
    if (isFirstWord) this.parts.ladder.fromTop();
    this.retry(reason, retryAfterS);
  }

  private tryAnother(reason: string): void {
    this.faults = this.mutes = 0;
    if (this.parts.ladder.next()) {
      this.set({ state: this.hasEverLived ? "reconnecting" : "connecting", transport: null, reason });
      this.connect();
    } else {
      this.retry(`no transport gets through: ${reason}`, null, true);
    }
  }

  private retry(reason: string, retryAfterS: number | null, isLost = this.hasEverLived): void {
    const ms = this.backoff.nextMs(retryAfterS, this.sinceBegunMs());
    this.set({ state: isLost ? "reconnecting" : "connecting", transport: null, reason, retryInS: ms / 1000 });
    this.cancelRetry = this.parts.clock.after(ms, () => this.connect());
  }

  private leave(): void {
    this.cancelRetry();
    this.question?.abort();
    this.question = null;
    this.watchdog?.stop();
    this.watchdog = null;
    this.connection?.close();
    this.connection = null;
    if (this.connectedMs !== null) this.begunMs = this.parts.clock.now(); // how long it lived was no wait: all pages that were cut would come back at once
    this.connectedMs = null;
    this.degraded = null;
  }

  private set(status: Omit<FeedStatus, "sinceMs"> & { sinceMs?: number }): void {
    // A state that goes on with another reason began when it began.
    const sinceMs = status.sinceMs ?? (status.state === this.current.state ? this.current.sinceMs : this.parts.clock.now());
    this.current = { ...status, sinceMs, ...(this.degraded !== null && { degraded: this.degraded }) };
    const degraded = this.degraded === null ? "" : `degraded: ${this.degraded}`;
    this.told.push(`${new Date(this.parts.clock.wallMs()).toISOString()} ${status.state} ${status.transport ?? ""} ${status.reason ?? degraded}`.trimEnd());
    if (this.told.length > TRACE_LINES) this.told.shift();
    this.events.status(this.current);
  }
}
