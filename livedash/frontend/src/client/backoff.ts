// How long to wait before the next try: exponential with full jitter, so that pages that were cut together do not come back together.

const BASE_MS = 500;
const CAP_MS = 10_000; // a page that somebody looks at shall go on soon after the server is back
const FLOOR_MS = 100;
const SPREAD_MS = 1000; // on top of what the server asked for
const MAX_ASKED_MS = 86_400_000; // a day: timers end at 2^31, and what is beyond fires at once

export class Backoff {
  private tries = 0;

  constructor(private readonly random: () => number) {}

  /** `retryAfterS`: the server's wish, which is a lower bound. */
  nextMs(retryAfterS: number | null): number {
    const bound = Math.min(CAP_MS, BASE_MS * 2 ** this.tries);
    this.tries++;
    if (retryAfterS !== null) return Math.min(retryAfterS * 1000, MAX_ASKED_MS) + this.random() * SPREAD_MS;
    return Math.max(FLOOR_MS, this.random() * bound);
  }

  /** A connection has shown that it works. */
  reset(): void {
    this.tries = 0;
  }
}
