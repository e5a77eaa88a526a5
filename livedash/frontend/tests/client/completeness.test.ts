// DESIGN's first promise, held against a small model of a hub: whatever happens to the line and to the rooms, each panel has each record
// once and in order, or is told a gap and gets the state.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PageClient } from "../../src/client/client.ts";
import type { Subscription } from "../../src/client/contract.ts";
import { Ladder } from "../../src/client/ladder.ts";
import type { HubMessage } from "../../src/wire/messages.ts";
import { parseCursor } from "../../src/wire/position.ts";
import { batch, columns, type FakeConnection, FakeTransport, ManualClock, Recorder, settled, snapshot, subscribed } from "./fakes.ts";

const WINDOW = 20;
const STEPS = 400;

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One room on one connection at a time, by the table in livedash/core/subscription.py. */
class ModelHub {
  epoch = "0";
  top = 0;
  first = 1;
  private number = 0;
  private answered = new WeakMap<FakeConnection, number>();
  private readers = new Map<FakeConnection, { epoch: string; offset: number }>();

  publish(count: number): void {
    if (this.epoch === "0") this.epoch = `e${++this.number}`;
    this.top += count;
  }

  trim(): void {
    this.first = Math.max(this.first, this.top - 3);
  }

  restart(): void {
    this.epoch = "0";
    this.top = 0;
    this.first = 1;
  }

  /** What the hub says next on `connection`: answers to what was asked, then what is owed. */
  owed(connection: FakeConnection): HubMessage[] {
    const messages: HubMessage[] = [];
    const asked = connection.asked.slice(this.answered.get(connection) ?? 0);
    this.answered.set(connection, connection.asked.length);
    for (const { since } of asked) messages.push(...this.subscribe(connection, since));
    const reader = this.readers.get(connection);
    if (reader) messages.push(...this.read(reader));
    return messages;
  }

  /** The last records, in another cut. */
  again(): HubMessage[] {
    return this.top > this.first + 2 ? [columns(this.top - 2, this.top, "train", this.epoch)] : [];
  }

  private subscribe(connection: FakeConnection, since: string): HubMessage[] {
    const cursor = parseCursor(since)?.get("train");
    const position = cursor ?? { epoch: this.epoch, offset: this.top };
    const reader = { ...position };
    this.readers.set(connection, reader);
    const answer = subscribed(position.offset, "train", position.epoch);
    return cursor || this.epoch === "0" ? [answer] : [answer, this.state(reader)];
  }

  private read(reader: { epoch: string; offset: number }): HubMessage[] {
    if (this.epoch === "0") return reader.epoch === "0" ? [] : [this.gap("deleted"), this.state(reader)];
    if (reader.epoch === "0") reader.epoch = this.epoch;
    if (reader.epoch !== this.epoch) return [this.gap("epoch"), this.state(reader)];
    if (reader.offset > this.top) return [this.gap("beyond_top"), this.state(reader)];
    if (reader.offset < this.first - 1) return [this.gap("trimmed"), this.state(reader)];
    if (reader.offset === this.top) return [];
    const from = reader.offset + 1;
    reader.offset = this.top;
    return [columns(from, this.top, "train", this.epoch)];
  }

  private state(reader: { epoch: string; offset: number }): HubMessage {
    Object.assign(reader, { epoch: this.epoch, offset: this.top });
    if (this.epoch === "0") return { op: "snapshot", batch: { ...batch(1, 0), epoch: "0", offset: 0 }, skipped: 0 };
    return snapshot(Math.max(this.first, this.top - WINDOW + 1), this.top, "train", this.epoch);
  }

  private gap(reason: string): HubMessage {
    return { op: "gap", room: "train", reason, from: null, to: null };
  }
}

/** A panel that notes what must never be: the client goes on where a panel throws. */
class StrictPanel extends Recorder {
  readonly complaints: string[] = [];
  private epoch = "";
  private offset = -1;

  constructor(
    private readonly window: number,
    private readonly hub: ModelHub,
  ) {
    super();
  }

  override snapshot(state: Parameters<Recorder["snapshot"]>[0]): void {
    super.snapshot(state, null);
    const there = state.epoch === this.hub.epoch ? state.offset - this.hub.first + 1 : 0;
    this.expect(state.count >= Math.min(this.window, there), `${state.count} records of the state, of ${there}`);
    this.expect(this.held.every((offset, row) => offset === state.offset - state.count + 1 + row), `a state of ${this.held.join(" ")}`);
    this.epoch = state.epoch;
    this.offset = state.offset;
  }

  override append(records: Parameters<Recorder["append"]>[0]): void {
    this.expect(records.epoch === this.epoch, `records of ${records.epoch} behind ${this.epoch}`);
    this.expect(records.offset - records.count === this.offset, `${records.count} records up to ${records.offset} behind ${this.offset}`);
    super.append(records);
    this.expect(this.held.at(-records.count) === this.offset + 1, "records that are not those of their offsets");
    this.offset = records.offset;
  }

  private expect(isSo: boolean, complaint: string): void {
    if (!isSo) this.complaints.push(complaint);
  }

  get stands(): string {
    return `${this.epoch}-${this.offset}`;
  }
}

for (let seed = 1; seed <= 40; seed++) {
  test(`panels are complete whatever happens, seed ${seed}`, async () => {
    const random = randomOf(seed);
    const clock = new ManualClock();
    const transport = new FakeTransport("websocket");
    const ladder = new Ladder([transport], { read: () => null, write: () => undefined }, () => clock.now());
    const client = new PageClient({ ladder, clock, random, requests: null, hasKey: false });
    const hub = new ModelHub();
    const panels = new Map<StrictPanel, Subscription>();
    const all: StrictPanel[] = [];
    const addPanel = (): void => {
      const window = 1 + Math.floor(random() * WINDOW);
      const panel = new StrictPanel(window, hub);
      all.push(panel);
      panels.set(panel, client.subscribe({ room: "train", window }, panel));
    };
    let isUp = true;
    const deliver = (share: number): void => {
      const messages = hub.owed(transport.last);
      // A message may be lost only with its connection, and comes once; the model loses some and brings records again, to see what is done.
      const kept = messages.filter((message) => message.op !== "columns" || random() >= share);
      if (random() < share) transport.last.send(...hub.again());
      transport.last.send(...kept);
    };
    addPanel();
    for (let step = 0; step < STEPS; step++) {
      const dice = random();
      if (dice < 0.45) hub.publish(1 + Math.floor(random() * 4));
      else if (dice < 0.48) hub.trim();
      else if (dice < 0.49) hub.restart();
      else if (dice < 0.55 && panels.size < 5) addPanel();
      else if (dice < 0.58 && panels.size > 1) {
        const [panel, subscription] = [...panels][0]!;
        subscription.close();
        panels.delete(panel);
      } else if (dice < 0.62 && isUp) {
        transport.last.events.ended({ detail: "cut", closeCode: 1006 });
        isUp = false;
      } else if (dice < 0.68) {
        await clock.advance(10_000);
        isUp = true;
      } else if (isUp) deliver(0.05);
      if (random() < 0.3) await settled();
    }
    await clock.advance(10_000);
    // The last record may be the lost one: a next one shows it.
    for (let round = 0; round < 4; round++) {
      hub.publish(1);
      deliver(0);
      await settled();
    }
    assert.deepEqual(all.flatMap(({ complaints }) => complaints), []);
    for (const panel of panels.keys()) assert.equal(panel.stands, `${hub.epoch}-${hub.top}`);
  });
}
