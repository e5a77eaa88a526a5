// What SSE and long-poll share: each request reads a fixed set of rooms, so a change of the set is a new request that goes on by cursor.
import type { Clock, Connection, ConnectionEvents, End, Wish } from "./contract.ts";
import { MAX_ROOMS, tooMany } from "./query.ts";

const GATHER_MS = 30; // the panels of a dashboard subscribe one after the other; they make one request

/** Does one request after the other, until `close`. The subclass says what one is. */
export abstract class RequestsInTurn implements Connection {
  private readonly wishes = new Map<string, Wish>();
  private cancelTimer: () => void = () => undefined;
  private current: AbortController | null = null;
  private isClosed = false;
  private isChanged = true;
  private degraded: string | null = null;

  constructor(
    wishes: Iterable<Wish>,
    private readonly clock: Clock,
    protected readonly events: ConnectionEvents,
  ) {
    for (const wish of wishes) this.wishes.set(wish.room, wish);
    this.again(0);
  }

  /**
   * One request for `wishes`, the first for just these if `isFirst`. Answers when it is over: why the connection has ended, or in how many ms
   * to make the next request.
   */
  protected abstract request(wishes: readonly Wish[], isFirst: boolean, signal: AbortSignal): Promise<End | number>;

  /** For the hub each request is another connection, which is told anew whether it is degraded; for the page they are one. */
  protected onDegraded(reason: string | null): void {
    if (reason === this.degraded) return;
    this.degraded = reason;
    this.events.message({ op: "degraded", reason });
  }

  subscribe(wish: Wish): void {
    this.wishes.set(wish.room, wish);
    this.restart();
  }

  unsubscribe(room: string): void {
    if (this.wishes.delete(room)) this.restart();
  }

  ping(): void {
    // There is no way to ask: keep-alive comments and empty answers come by themselves.
  }

  close(): void {
    this.isClosed = true;
    this.cancelTimer();
    this.current?.abort();
  }

  private restart(): void {
    this.isChanged = true;
    this.current?.abort();
    this.again(GATHER_MS);
  }

  private again(ms: number): void {
    this.cancelTimer();
    if (!this.isClosed) this.cancelTimer = this.clock.after(ms, () => void this.run());
  }

  private async run(): Promise<void> {
    const all = [...this.wishes.values()];
    if (all.length === 0) return;
    const isFirst = this.isChanged;
    this.isChanged = false;
    if (isFirst) for (const wish of all.slice(MAX_ROOMS)) this.events.message(tooMany(wish));
    const controller = new AbortController();
    this.current = controller;
    let outcome: End | number;
    try {
      outcome = await this.request(all.slice(0, MAX_ROOMS), isFirst, controller.signal);
    } catch (error) {
      outcome = { detail: String(error) }; // fetch and streams reject for what the network does
    }
    if (controller.signal.aborted) return;
    controller.abort(); // whatever is left of the request
    if (typeof outcome === "number") {
      this.again(outcome);
    } else {
      this.close();
      this.events.ended(outcome);
    }
  }
}
