// Judges a connection by its silence: buffering proxies, dead networks and a machine that slept raise no error.
import type { Clock } from "../transports/contract.ts";

export const FIRST_MS = 5_000; // the hub's first word comes at once: what is silent for so long is held back. Three such rungs take below 25 s
const PING_AFTER_MS = 4_000;
const ANSWER_MS = 4_000; // a page in the background runs its timers once a minute: without a question, silence means nothing
const STALE_AFTER_MS = 6_000;
const GIVE_UP_AFTER_MS = 8_000; // a page is back within 10 s of its network, also where the old one died without a word
const DOUBT_MS = 3_000;
const SLEPT_MS = 3_000; // a look that comes so late, or a wall clock that went on so much further: the page or the machine slept
const LOOK_EVERY_MS = 500;

/** Why a connection is given up: the hub never said anything on it, it fell silent, or it did not answer a page that doubted it. */
export type Silence = "mute" | "silent" | "doubted";

export interface WatchdogEvents {
  /** Have the hub answer. */
  ping(): void;
  stale(): void;
  giveUp(silence: Silence): void;
}

export class Watchdog {
  lastAliveMs: number;
  private hasBegun = false;
  private pingedMs: number | null = null;
  private isDoubted = false;
  private isStale = false;
  private lookedMs: number;
  /** How far the wall clock is ahead. */
  private driftMs: number;
  private cancel: () => void = () => undefined;

  constructor(
    private readonly clock: Clock,
    private readonly events: WatchdogEvents,
  ) {
    this.lastAliveMs = this.lookedMs = clock.now();
    this.driftMs = clock.wallMs() - this.lookedMs;
    this.lookAgain();
  }

  /** Bytes have come. Answers whether the connection was taken for stale. */
  alive(): boolean {
    const wasStale = this.isStale;
    this.lastAliveMs = this.clock.now();
    this.pingedMs = null;
    this.hasBegun = true;
    this.isDoubted = this.isStale = false;
    return wasStale;
  }

  /** The page has reason to doubt the connection now: it woke up, or the network changed. A dead one is then given up soon. */
  doubt(): void {
    if (this.isDoubted) return;
    this.isDoubted = true;
    this.ask();
  }

  stop(): void {
    this.cancel();
  }

  private ask(): void {
    this.pingedMs = this.clock.now();
    this.events.ping();
  }

  private lookAgain(): void {
    this.cancel = this.clock.after(LOOK_EVERY_MS, () => this.look());
  }

  private look(): void {
    this.lookAgain();
    if (this.hasSlept()) {
      if (!this.hasBegun) this.lastAliveMs = this.clock.now(); // it had no chance yet
      this.doubt();
    }
    const silence = this.judged();
    if (silence !== null) {
      this.stop();
      this.events.giveUp(silence);
    }
  }

  private judged(): Silence | null {
    const now = this.clock.now();
    const silentMs = now - this.lastAliveMs;
    if (!this.hasBegun) return silentMs >= FIRST_MS ? "mute" : null;
    if (silentMs >= PING_AFTER_MS && this.pingedMs === null) this.ask();
    const unansweredMs = now - (this.pingedMs ?? now);
    if (this.isDoubted && unansweredMs >= DOUBT_MS) return "doubted";
    if (silentMs >= GIVE_UP_AFTER_MS && unansweredMs >= ANSWER_MS) return "silent";
    if (silentMs >= STALE_AFTER_MS && !this.isStale) {
      this.isStale = true;
      this.events.stale();
    }
    return null;
  }

  /** Since the last look. The clock of a page may stand still while the machine sleeps, but the wall's goes on. */
  private hasSlept(): boolean {
    const now = this.clock.now();
    const driftMs = this.clock.wallMs() - now;
    const hasSlept = now - this.lookedMs > LOOK_EVERY_MS + SLEPT_MS || driftMs - this.driftMs > SLEPT_MS;
    this.lookedMs = now;
    this.driftMs = driftMs;
    return hasSlept;
  }
}
