// Which transport to take: the first that works of WebSocket, SSE, long-poll and comm; what worked is remembered.
import type { Transport, TransportName } from "../transports/contract.ts";

const REMEMBERED_FOR_MS = 60 * 60 * 1000; // a laptop leaves the network whose proxy stood in the way

/** The page's storage of one server's entry. */
export interface Memory {
  read(): string | null;
  write(text: string): void;
}

export class Ladder {
  private rung = 0;
  private climbed = 0;
  private workedName: TransportName | null = null;
  /** Since when the current one has worked, without another one between. */
  private workedMs: number | null = null;

  constructor(
    private readonly transports: readonly [Transport, ...Transport[]],
    private readonly memory: Memory,
    private readonly nowMs: () => number,
  ) {
    const remembered = this.remembered();
    const rung = transports.findIndex((transport) => transport.name === remembered);
    if (rung > 0) this.rung = rung;
  }

  get current(): Transport {
    return this.transports[this.rung]!;
  }

  /** The current one does not get through. Answers false where all have been tried since one worked. */
  next(): boolean {
    this.rung = (this.rung + 1) % this.transports.length;
    this.climbed++;
    if (this.climbed < this.transports.length) return true;
    this.climbed = 0;
    return false;
  }

  /** No server can be used: the last rung is the comm, if the page has one that is not in use. */
  takeComm(): boolean {
    const rung = this.transports.findIndex((transport) => transport.name === "comm");
    if (rung < 0 || rung === this.rung) return false;
    this.rung = rung;
    return true;
  }

  /** The current one carries the feed. */
  worked(): void {
    this.climbed = 0;
    if (this.workedMs !== null && this.current.name === this.workedName) return;
    this.workedName = this.current.name;
    this.workedMs = this.nowMs();
    if (this.current.name !== "comm") this.memory.write(JSON.stringify({ transport: this.workedName, atMs: this.workedMs }));
  }

  /** The server is there and full, or going: what did not get through before may have failed for just that. */
  fromTop(): void {
    this.rung = 0;
    this.climbed = 0;
  }

  /** A connection that worked has ended. What stood in the way of a better one may be gone by now. */
  again(): void {
    if (this.workedMs !== null && this.nowMs() - this.workedMs >= REMEMBERED_FOR_MS) {
      this.workedMs = null;
      this.fromTop();
    }
  }

  private remembered(): TransportName | null {
    try {
      const entry = JSON.parse(this.memory.read() ?? "null") as { transport?: TransportName; atMs?: number } | null;
      const ageMs = this.nowMs() - (entry?.atMs ?? 0);
      return entry?.transport && ageMs >= 0 && ageMs < REMEMBERED_FOR_MS ? entry.transport : null;
    } catch {
      return null; // something else wrote there
    }
  }
}
