// Which transport to take: the first that works of WebSocket, SSE, long-poll and comm; what worked is remembered.
import type { Transport, TransportName } from "../transports/contract.ts";

const REMEMBERED_FOR_MS = 60 * 60 * 1000; // a laptop leaves the network whose proxy stood in the way

/** The browser's storage of one server's entry. */
export interface Memory {
  read(): string | null;
  write(text: string): void;
}

interface Entry {
  readonly transport: TransportName;
  readonly sinceMs: number;
}

export class Ladder {
  private rung = 0;
  private climbed = 0;
  /** What worked last, and since when without another one between. */
  private best: Entry | null;

  /** `wallMs`: what is remembered outlives the page. */
  constructor(
    private readonly transports: readonly [Transport, ...Transport[]],
    private readonly memory: Memory,
    private readonly wallMs: () => number,
  ) {
    this.best = this.remembered();
    const rung = transports.findIndex(({ name }) => name === this.best?.transport);
    if (rung > 0) this.rung = rung;
  }

  get current(): Transport {
    return this.transports[this.rung]!;
  }

  /** The current one is the one that carried the feed last. */
  get hasWorked(): boolean {
    return this.current.name === this.best?.transport;
  }

  /** Those that would be taken before the current one, the best first. None beside the comm: the server was refused, and its hub may be another. */
  better(): readonly Transport[] {
    return this.current.name === "comm" ? [] : this.transports.slice(0, this.rung);
  }

  /** One of the ladder's transports. */
  take(transport: Transport): void {
    this.rung = this.transports.indexOf(transport);
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
    if (this.hasWorked) return;
    this.best = { transport: this.current.name, sinceMs: this.wallMs() };
    if (this.best.transport !== "comm") this.memory.write(JSON.stringify(this.best));
  }

  /** The server is there and full, or going: what did not get through before may have failed for just that. */
  fromTop(): void {
    this.rung = 0;
    this.climbed = 0;
  }

  private remembered(): Entry | null {
    try {
      const entry = JSON.parse(this.memory.read() ?? "null") as Partial<Entry> | null;
      const { transport, sinceMs = 0 } = entry ?? {};
      const ageMs = this.wallMs() - sinceMs;
      return transport !== undefined && ageMs >= 0 && ageMs < REMEMBERED_FOR_MS ? { transport, sinceMs } : null;
    } catch {
      return null; // something else wrote there
    }
  }
}
