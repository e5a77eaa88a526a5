// Judges a connection by its silence: buffering proxies and dead networks raise no error.
import type { Clock } from "../transports/contract.ts";

const PING_AFTER_MS = 10_000;
const STALE_AFTER_MS = 17_000; // an event stream's keep-alive comes every 15 s
const GIVE_UP_AFTER_MS = 20_000;
const ANSWER_MS = 9_000; // a page in the background runs its timers once a minute: without a question, silence means nothing
const LOOK_EVERY_MS = 1_000;

export interface WatchdogEvents {
  /** Have the hub answer. */
  ping(): void;
  stale(): void;
  giveUp(): void;
}

export class Watchdog {
  lastAliveMs: number;
  private pingedMs: number | null = null;
  private isStale = false;
  private cancel: () => void = () => undefined;

  constructor(
    private readonly clock: Clock,
    private readonly events: WatchdogEvents,
  ) {
    this.lastAliveMs = clock.now();
    this.lookAgain();
  }

  /** Bytes have come. Answers whether the connection was taken for stale. */
  alive(): boolean {
    const wasStale = this.isStale;
    this.lastAliveMs = this.clock.now();
    this.pingedMs = null;
    this.isStale = false;
    return wasStale;
  }

  /** The page has reason to doubt the connection now (it woke up, the network changed). */
  ask(): void {
    if (this.pingedMs !== null) return;
    this.pingedMs = this.clock.now();
    this.events.ping();
  }

  stop(): void {
    this.cancel();
  }

  private lookAgain(): void {
    this.cancel = this.clock.after(LOOK_EVERY_MS, () => this.look());
  }

  private look(): void {
    const now = this.clock.now();
    const silentMs = now - this.lastAliveMs;
    this.lookAgain();
    if (silentMs < PING_AFTER_MS) return;
    this.ask();
    const unansweredMs = now - (this.pingedMs ?? now);
    if (silentMs >= GIVE_UP_AFTER_MS && unansweredMs >= ANSWER_MS) {
      this.stop();
      this.events.giveUp();
    } else if (silentMs >= STALE_AFTER_MS && !this.isStale) {
      this.isStale = true;
      this.events.stale();
    }
  }
}
