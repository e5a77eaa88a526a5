// While a lower transport carries the feed: tries now and then, beside it, whether a better one gets through by now.
import type { Clock, Connection, Transport, Wish } from "../transports/contract.ts";
import type { Ladder } from "./ladder.ts";
import { FIRST_MS } from "./watchdog.ts";

const EVERY_MS = 5 * 60_000;
const SOON_MS = 2_000; // the network changed: what stood in the way may be gone

export interface ClimbEvents {
  wishes(): Iterable<Wish>;
  /** The hub has answered over a better transport, which is the ladder's current one now. */
  climbed(): void;
}

/** The trial's connection carries nothing: the better transport connects anew and goes on by cursor, so no record is lost or given twice. */
export class Climb {
  private trial: Connection | null = null;
  private cancel: () => void = () => undefined;
  private isWaiting = false;

  constructor(
    private readonly ladder: Ladder,
    private readonly clock: Clock,
    private readonly events: ClimbEvents,
  ) {}

  /** The feed lives on the ladder's current transport. */
  begin(): void {
    if (this.ladder.better().length === 0) this.stop();
    else if (!this.isWaiting && this.trial === null) this.waitFor(EVERY_MS);
  }

  /** Not in minutes but soon. */
  hurry(): void {
    if (this.isWaiting) this.waitFor(SOON_MS);
  }

  stop(): void {
    this.cancel();
    this.isWaiting = false;
    this.trial?.close();
    this.trial = null;
  }

  private waitFor(ms: number): void {
    this.stop();
    this.isWaiting = true;
    this.cancel = this.clock.after(ms, () => {
      this.isWaiting = false;
      this.tryOne(this.ladder.better());
    });
  }

  /** One after the other, the best first. */
  private tryOne([transport, ...others]: readonly Transport[]): void {
    if (transport === undefined) return this.begin();
    const next = (): void => {
      this.stop();
      this.tryOne(others);
    };
    const take = (): void => {
      this.stop();
      this.ladder.take(transport);
      this.events.climbed();
    };
    this.cancel = this.clock.after(FIRST_MS, next);
    try {
      this.trial = transport.connect(this.events.wishes(), {
        alive: () => undefined,
        message: ({ op }) => (op === "bye" ? next() : take()),
        ended: next,
      });
    } catch {
      next(); // the page's own rules forbid it
    }
  }
}
