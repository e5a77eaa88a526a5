// How long to wait before the next try: exponential with full jitter, so that pages that were cut together do not come back together.

const BASE_MS = 500;
const CAP_MS = 5_000; // a page is back within 10 s of its network, or of its server
const FLOOR_MS = 100;
const SPREAD_MS = 1000; // on top of what the server asked for
const MAX_ASKED_MS = 86_400_000; // a day: timers end at 2^31, and what is beyond fires at once

export class Backoff {
  private tries = 0;

  constructor(private readonly random: () => number) {}

  /** `retryAfterS`: the server's wish, which is a lower bound. `triedMs`: how long the last try took, which was a wait too. */
  nextMs(retryAfterS: number | null, triedMs = 0): number {
    const bound = Math.min(CAP_MS, BASE_MS * 2 ** this.tries);
    this.tries++;
    if (retryAfterS !== null) return Math.min(retryAfterS * 1000, MAX_ASKED_MS) + this.random() * SPREAD_MS;
    return Math.max(FLOOR_MS, this.random() * bound - triedMs);
  }

  /** A connection has shown that it works. */
  reset(): void {
    this.tries = 0;
  }
}
