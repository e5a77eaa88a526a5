// One real room as this page reads it: where it stands, whether what comes follows, and what is held. It hands out each record once.
import type { Batch } from "../wire/batch.ts";
import { slice } from "../wire/join.ts";
import type { Columns, Failing, GapMessage, Notice, Snapshot, Subscribed } from "../wire/messages.ts";
import type { Position } from "../wire/position.ts";
import { formatPosition, NO_EPOCH } from "../wire/position.ts";
import type { FailingSource } from "./contract.ts";
import { HeldRecords, type Held } from "./held.ts";
import { HeldKeys } from "./held_keys.ts";

/**
 * What a message means to those who read the room. "ask": something is missing before it, which has to be asked for from `entry` on; "missing":
 * that was asked for already.
 */
export type Step = Told | { readonly kind: "ask" } | { readonly kind: "missing" } | { readonly kind: "nothing" };

export type Told =
  | { readonly kind: "snapshot" | "append"; readonly batch: Batch; readonly skipped: number }
  | { readonly kind: "gap"; readonly message: GapMessage };

const NOTHING: Step = { kind: "nothing" };
const MISSING: Step = { kind: "missing" };
const ASK: Step = { kind: "ask" };

export class RoomReader {
  held: Held = new HeldRecords();
  /** The field that makes the room a keyed one, of what is held. */
  key: string | null = null;
  /** Of what comes next. */
  private nextKey: string | null = null;
  /** The largest that a reader here wants. */
  window = 0;
  /** Records that each publisher lost, in all. */
  private readonly dropped = new Map<string, number>();
  /** Sources that fail now. */
  failing: readonly FailingSource[] = [];
  /** Behind the last record that was handed out. */
  private position: Position | null = null;
  /** Where the hub said that it starts. */
  private start: Position | null = null;
  private isAsked = true;
  private asks = 0;

  constructor(readonly name: string) {}

  /** In a cursor; none before the first record, where the state is to come first. */
  get entry(): string | null {
    return this.position && formatPosition(this.name, this.position);
  }

  /** No record of it has ever come to the hub. */
  get isWaiting(): boolean {
    return this.position !== null && this.position.epoch === NO_EPOCH;
  }

  get hasState(): boolean {
    return this.position !== null && this.position.epoch !== NO_EPOCH;
  }

  get publisherDropped(): number {
    return [...this.dropped.values()].reduce((sum, count) => sum + count, 0);
  }

  onNotice({ publisher, dropped }: Notice): void {
    this.dropped.set(publisher, dropped);
  }

  onFailing({ sources }: Failing): void {
    this.failing = Array.from(sources, ([name, error]) => ({ name, error }));
  }

  /** Reads from the state again. */
  forget(): void {
    this.position = null;
    this.asked();
  }

  /** A new request for it is on its way. */
  asked(): void {
    this.isAsked = true;
    this.start = null;
  }

  /** `isStateComing`: it was asked for the state, so that only a snapshot says where the reader stands. */
  onSubscribed(message: Subscribed, isStateComing: boolean): void {
    this.onKey(message.key);
    this.isAsked = false;
    this.failing = []; // what fails follows
    this.start = { epoch: message.epoch, offset: message.offset };
    if (this.position === null && (!isStateComing || message.epoch === NO_EPOCH)) this.position = this.start;
    else if (message.recovered && this.hasState && message.epoch !== NO_EPOCH && message.offset === this.position?.offset) {
      this.position = this.start; // after a hub that was killed, the room goes on where it was under another epoch
    }
  }

  /** Counts from the next records on: a hub that does not know the room yet tells no key, and perhaps one before it goes on. */
  onKey(key: string | null): void {
    this.nextKey = key;
  }

  onSnapshot({ batch, skipped }: Snapshot): Step {
    // Several comms may carry one room: theirs that nobody waited for must not lead back.
    if (!this.isAsked && this.position?.epoch === batch.epoch && batch.offset < this.position.offset) return NOTHING;
    this.isAsked = false;
    this.asks = 0;
    this.position = { epoch: batch.epoch, offset: batch.offset };
    this.takeKey();
    this.held.replace(batch, this.key !== null || batch.count < this.window);
    return { kind: "snapshot", batch, skipped };
  }

  onColumns({ batch, skipped }: Columns): Step {
    const first = batch.offset - batch.count - skipped + 1;
    const expected = this.expected(batch.epoch, first);
    if (expected === null || first > expected) return this.ask();
    if (batch.offset < expected) return NOTHING; // of a request that another one has replaced
    // Which rows are new can't be told where some were left out.
    if (first < expected && skipped > 0) return this.ask();
    this.asks = 0;
    const isFirst = this.takeKey() || !this.hasState;
    const fresh = first < expected ? slice(batch, expected - first, batch.count) : batch;
    this.position = { epoch: batch.epoch, offset: batch.offset };
    if (!isFirst) this.held.append(fresh, this.window);
    else this.held.replace(fresh, first === 1);
    return { kind: isFirst ? "snapshot" : "append", batch: fresh, skipped };
  }

  /** A snapshot follows, and only it moves the position. */
  onGap(message: GapMessage): Step {
    this.held.clear();
    this.isAsked = true;
    return { kind: "gap", message };
  }

  /** What comes without having been asked for, and can't be asked for now: a kernel that runs a cell streams to a page that came late. */
  takeAsState({ batch, skipped }: Columns): Step {
    this.position = { epoch: batch.epoch, offset: batch.offset };
    this.takeKey();
    this.held.replace(batch, false);
    return { kind: "snapshot", batch, skipped };
  }

  /** True if it is another one: a room gets its key before its first record, so what comes is a state of its own. */
  private takeKey(): boolean {
    if (this.nextKey === this.key) return false;
    this.key = this.nextKey;
    this.held = this.key === null ? new HeldRecords() : new HeldKeys(this.key);
    return true;
  }

  /** The offset that follows; null where a batch of this epoch can't follow. */
  private expected(epoch: string, first: number): number | null {
    const position = this.position ?? this.start;
    if (position === null) return first === 1 ? 1 : null;
    if (position.epoch === NO_EPOCH) return position.offset + 1;
    if (position.epoch !== epoch) return null;
    return position.offset + 1;
  }

  private ask(): Step {
    if (this.isAsked) return MISSING;
    this.asked();
    this.asks++;
    if (this.asks > 1) this.position = null; // the cursor did not help: the state does
    return ASK;
  }
}
