// What the gallery shows: each kind of panel, each state, and a page under load.
import type { FakeClient } from "./fake_client.ts";

export interface Scene {
  readonly title: string;
  readonly rows: readonly (readonly object[])[];
  fill(client: FakeClient): void;
  /** Called in each frame of a page that is opened with `&live`. */
  step?(client: FakeClient, frame: number): void;
}

const NOW_US = Date.UTC(2026, 10, 24, 9, 30) * 1000;

/** Numbers that look random and are the same each time. */
function noise(seed: number): number {
  const value = Math.sin(seed * 127.1 + 311.7) * 43758.5453;
  return value - Math.floor(value);
}

function numbers(count: number, value: (at: number) => number): Float64Array {
  return Float64Array.from({ length: count }, (_, at) => value(at));
}

function everySecond(count: number): Float64Array {
  return numbers(count, (at) => NOW_US + (at - count) * 1e6);
}

function training(count: number, from = 0): Record<string, Float64Array | readonly unknown[]> {
  const at = (value: (step: number) => number): Float64Array => numbers(count, (row) => value(row + from));
  return {
    step: at((step) => step),
    loss: at((step) => 2.2 * Math.exp(-step / 700) + 0.12 + 0.16 * Math.exp(-step / 1500) * (noise(step) - 0.5)),
    accuracy: at((step) => 0.97 - 0.85 * Math.exp(-step / 500) + 0.03 * (noise(step + 9) - 0.5)),
    val_accuracy: Array.from({ length: count }, (_, row) => ((row + from) % 100 === 99 ? 0.94 - 0.8 * Math.exp(-(row + from) / 550) : undefined)),
    lr: at((step) => 1e-3 * Math.cos((Math.PI / 2) * Math.min(1, step / 4000))),
    throughput: at((step) => 2050 + 90 * (noise(step + 5) - 0.5) + 40 * Math.sin(step / 90)),
  };
}

function system(count: number, from = 0): Record<string, Float64Array> {
  const at = (value: (second: number) => number): Float64Array => numbers(count, (row) => value(row + from));
  return {
    cpu_percent: at((second) => 38 + 24 * Math.sin(second / 40) + 18 * (noise(second) - 0.5)),
    memory_percent: at((second) => 61 + 3 * Math.sin(second / 160)),
    disk_percent: at(() => 26.9),
    net_in_mb_s: at((second) => 0.4 + 3 * noise(second + 3) ** 6),
    net_out_mb_s: at((second) => 0.1 + 0.8 * noise(second + 4) ** 4),
  };
}

const TRAIN = { kind: "line", rooms: ["train"] };
const LOG_MESSAGES = ["epoch done", "checkpoint written to runs/07/model.pt", "loss is not finite, step skipped", "batch queue was empty for 120 ms", "learning rate reduced"];
const LEVELS = ["INFO", "INFO", "ERROR", "WARNING", "INFO"];

function logLines(count: number, from: number): Record<string, readonly unknown[]> {
  const rows = Array.from({ length: count }, (_, row) => row + from);
  return {
    level: rows.map((row) => LEVELS[row % 5]),
    message: rows.map((row) => LOG_MESSAGES[row % 5]),
    step: rows.map((row) => row * 10),
  };
}

function prices(count: number): Record<string, unknown[] | object> {
  const rows = Array.from({ length: count }, (_, row) => row);
  return {
    date: { type: "time", absent: [], values: numbers(count, (row) => Date.UTC(2018, 0, 1) + row * 7 * 86_400_000) },
    symbol: rows.map((row) => ["GOOG", "AAPL", "AMZN", "NFLX"][row % 4]),
    price: rows.map((row) => 100 + 40 * Math.sin(row / 9) + 8 * noise(row)),
    volume: { type: "i8", absent: [], values: numbers(count, (row) => 9_007_199_254_740_000 + row), exact: rows.map((row) => String(9007199254740993n + BigInt(row))) },
    isOpen: { type: "bool", absent: [], values: numbers(count, (row) => row % 2) },
    tags: { type: "json", absent: [], values: rows.map((row) => ({ venue: "XNAS", lots: [row, row + 1] })) },
  };
}

const SYMBOLS = ["AAPL", "AMZN", "ASML", "BABA", "CSCO", "GOOG", "INTC", "META", "MSFT", "NFLX", "NVDA", "ORCL", "SAP", "SHEL", "TSLA", "UNH"];
const VENUES = ["XNAS", "XNYS", "XETR"];

/** One record a symbol that is named; `tick` moves them. */
function quotes(symbols: readonly number[], tick: number): Record<string, readonly unknown[]> {
  const price = (symbol: number, at: number): number => Math.round((40 + 300 * noise(symbol)) * (1 + 0.02 * (noise(symbol * 31 + at) - 0.5)) * 100) / 100;
  return {
    symbol: symbols.map((symbol) => SYMBOLS[symbol] ?? `SYM${String(symbol).padStart(4, "0")}`),
    price: symbols.map((symbol) => price(symbol, tick)),
    change: symbols.map((symbol) => Math.round((price(symbol, tick) - price(symbol, 0)) * 100) / 100),
    size: symbols.map((symbol) => 100 * Math.ceil(40 * noise(symbol + tick))),
    venue: symbols.map((symbol) => VENUES[symbol % 3]),
    halted: symbols.map((symbol) => (symbol === 7 ? true : undefined)),
  };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

const LATE_MS = 300; // a screenshot's tables have changed a moment ago

export const SCENES: Readonly<Record<string, Scene>> = {
  auto: {
    title: "A training run, panels chosen by the data",
    rows: [[{ kind: "auto", rooms: ["train"] }]],
    fill: (client) => client.push("train", training(2600)),
    step: (client, frame) => client.push("train", training(17, 2600 + frame * 17)),
  },
  board: {
    title: "Dashboard",
    rows: [
      [{ kind: "number", rooms: ["train"], fields: ["loss", "accuracy", "val_accuracy"], title: "Training on digits" }],
      [
        { ...TRAIN, fields: ["loss"], title: "Loss" },
        { ...TRAIN, fields: ["accuracy", "val_accuracy"], title: "Accuracy" },
        { ...TRAIN, fields: ["loss"], title: "Loss, logarithmic", options: { scale: "log" } },
      ],
      [
        { kind: "line", rooms: ["system"], fields: ["cpu_percent", "memory_percent", "disk_percent"], title: "This machine, %" },
        { kind: "line", rooms: ["system"], fields: ["net_in_mb_s", "net_out_mb_s"], title: "Network, MB/s" },
      ],
      [
        { kind: "table", rooms: ["prices"], title: "Stocks" },
        { kind: "log", rooms: ["log"], title: "Log" },
      ],
    ],
    fill(client) {
      client.push("train", training(1800));
      client.push("system", system(900), everySecond(900));
      client.push("prices", prices(400) as never, everySecond(400));
      client.push("log", logLines(300, 0), everySecond(300));
    },
    step(client, frame) {
      client.push("train", training(4, 1800 + frame * 4));
      if (frame % 20 === 0) client.push("log", logLines(1, 300 + frame / 20));
    },
  },
  runs: {
    title: "Runs, rooms, dates",
    rows: [
      [{ ...TRAIN, fields: ["loss"], title: "The third run" }, { kind: "line", rooms: ["lab.*"], fields: ["temp"], title: "All furnaces" }],
      [{ kind: "line", rooms: ["prices"], fields: ["price"], title: "By date" }, { kind: "line", rooms: ["few"], title: "Few records" }],
      [{ kind: "line", rooms: ["tiny"], title: "Small numbers" }, { kind: "line", rooms: ["large"], title: "Large numbers" }],
    ],
    fill(client) {
      for (const [end, bias] of [[900, 0.5], [1400, 0.25], [700, 0]] as const) {
        client.push("train", { step: numbers(end, (step) => step), loss: numbers(end, (step) => 1.6 * Math.exp(-step / 300) + bias + 0.12 * noise(step + end)) });
      }
      for (const furnace of ["a", "b", "c"]) {
        const shift = furnace.charCodeAt(0);
        client.pushAs("lab.*", `lab.${furnace}`, { temp: numbers(400, (at) => 700 + shift + 20 * Math.sin(at / 30 + shift) + 4 * noise(at + shift)) }, everySecond(400));
      }
      client.push("prices", prices(104) as never);
      client.push("few", { epoch: numbers(6, (at) => at + 1), score: numbers(6, (at) => 0.5 + at / 20), f1: [0.4, undefined, 0.5, null, 0.52, 0.6] });
      client.push("tiny", { step: numbers(200, (at) => at), lr: numbers(200, (at) => 3e-5 * (1 + Math.sin(at / 20))) });
      client.push("large", { step: numbers(200, (at) => at * 1000), bytes: numbers(200, (at) => 3.2e9 + 2e8 * Math.sin(at / 20)) });
    },
  },
  figure: {
    title: "Figures",
    rows: [
      [
        {
          kind: "figure", rooms: ["confusion"], title: "Confusion of a sample", height: 300,
          figure: {
            data: [{ type: "heatmap", z: [], livedash: { room: "confusion", z: "matrix" } }],
            layout: { xaxis: { title: { text: "predicted" }, dtick: 1 }, yaxis: { title: { text: "true" }, dtick: 1, autorange: "reversed" } },
          },
        },
        {
          kind: "figure", rooms: ["train"], title: "Loss and accuracy", height: 300,
          figure: {
            data: [
              { type: "scatter", mode: "lines", name: "loss", livedash: { room: "train", x: "step", y: "loss" } },
              { type: "scatter", mode: "lines", name: "accuracy", yaxis: "y2", livedash: { room: "train", x: "step", y: "accuracy" } },
            ],
            layout: { yaxis2: { overlaying: "y", side: "right" } },
          },
        },
      ],
    ],
    fill(client) {
      const matrix = Array.from({ length: 10 }, (_, row) => Array.from({ length: 10 }, (_, column) => (row === column ? 14 + Math.round(6 * noise(row)) : Math.round(2 * noise(row * 10 + column) ** 3))));
      client.push("confusion", { matrix: [matrix], step: [1] });
      client.push("train", training(2600));
    },
    step: (client, frame) => client.push("train", training(17, 2600 + frame * 17)),
  },
  states: {
    title: "States",
    rows: [
      [{ kind: "auto", rooms: ["waiting"] }, { kind: "line", rooms: ["reconnecting"] }, { kind: "line", rooms: ["stale"] }],
      [{ kind: "line", rooms: ["gap"] }, { kind: "line", rooms: ["dropped"] }, { kind: "line", rooms: ["ended"] }],
      [{ kind: "line", rooms: ["refused"] }, { kind: "number", rooms: ["live"] }, { kind: "line", rooms: ["failing"] }],
      [{ kind: "line", rooms: ["degraded"] }, { kind: "line", rooms: ["degraded_link"] }, { kind: "auto", rooms: ["degraded_waiting"] }],
    ],
    fill(client) {
      const sinceMs = performance.now() - 14_000;
      for (const room of ["reconnecting", "stale", "gap", "dropped", "ended", "live", "failing", "degraded", "degraded_link"]) client.push(room, { step: numbers(60, (at) => at), loss: numbers(60, (at) => 2 * Math.exp(-at / 20)) });
      client.setStatus("waiting", { state: "waiting", transport: "websocket", sinceMs });
      client.setStatus("reconnecting", { state: "reconnecting", transport: null, sinceMs, reason: "the server is restarting", retryInS: 8 });
      client.setStatus("stale", { state: "stale", transport: "sse", sinceMs });
      client.gap("gap", { reason: "slow", from: 42, to: 90 });
      client.setStatus("dropped", { state: "live", transport: "longpoll", sinceMs, publisherDropped: 1204 });
      client.setStatus("failing", { state: "live", transport: "websocket", sinceMs, failing: [{ name: "read_furnace", error: "TimeoutError: no answer from 10.0.4.17 after 2 s" }] });
      client.setStatus("degraded", { state: "live", transport: "websocket", sinceMs, degraded: "the broker at redis://10.0.4.20:6379/0 can't be used: the connection broke" });
      client.setStatus("degraded_link", { state: "live", transport: "sse", sinceMs, degraded: "" });
      client.setStatus("degraded_waiting", { state: "waiting", transport: "websocket", sinceMs, degraded: "" });
      client.setStatus("ended", { state: "ended", transport: null, sinceMs, reason: "the link has expired or was revoked", fix: "Ask for a new one." });
      client.setStatus("refused", { state: "failed", transport: null, sinceMs, reason: "you are not logged in", fix: "Log in on the server’s page and reload this one." });
    },
  },
  keyed: {
    title: "Keyed rooms: a row a key",
    rows: [
      [{ kind: "auto", rooms: ["quotes"] }],
      [{ kind: "table", rooms: ["many"], title: "Ten thousand keys" }, { kind: "table", rooms: ["jobs"], fields: ["state", "progress"], title: "Jobs" }],
    ],
    fill(client) {
      for (const [room, key] of [["quotes", "symbol"], ["many", "symbol"], ["jobs", "job"]] as const) client.setKey(room, key);
      client.push("quotes", quotes(range(15), 0));
      client.push("many", quotes(range(10_000), 0));
      client.push("jobs", { job: range(6).map((at) => 4810 + at), state: ["done", "running", "running", "queued", "queued", "failed"], progress: [1, 0.42, 0.07, null, null, 0.9] });
      setTimeout(() => {
        client.push("quotes", quotes([1, 2, 5, 8, 9, 15], 1));
        client.push("many", quotes([0, 3, 4], 1));
        client.push("jobs", { job: [4810, 4811, 4813], state: ["done", "running", "running"], progress: [1, 0.48, 0], _deleted: [true, undefined, undefined] });
      }, LATE_MS);
    },
    step(client, frame) {
      client.push("quotes", quotes(range(17).map((at) => Math.floor(16 * noise(frame * 17 + at))), frame + 2));
      client.push("many", quotes(range(17).map((at) => Math.floor(10_000 * noise(frame * 17 + at) ** 4)), frame + 2));
    },
  },
  load: {
    title: "Five charts of five series, 10,000 records, 1000 records a second",
    rows: Array.from({ length: 5 }, (_, chart) => [{ kind: "line", rooms: [`load${chart}`], height: 110 }]),
    fill(client) {
      for (let chart = 0; chart < 5; chart++) client.push(`load${chart}`, waves(10_000, 0, 5));
    },
    step(client, frame) {
      for (let chart = 0; chart < 5; chart++) client.push(`load${chart}`, waves(17, 10_000 + frame * 17, 5));
    },
  },
  job: {
    title: "Five charts of one series, 10,000 records, 1000 records a second",
    rows: Array.from({ length: 5 }, (_, chart) => [{ kind: "line", rooms: [`job${chart}`], height: 110 }]),
    fill(client) {
      for (let chart = 0; chart < 5; chart++) client.push(`job${chart}`, waves(10_000, 0, 1));
    },
    step(client, frame) {
      for (let chart = 0; chart < 5; chart++) client.push(`job${chart}`, waves(17, 10_000 + frame * 17, 1));
    },
  },
  long: {
    title: "Five charts of five series, 100,000 records",
    rows: Array.from({ length: 5 }, (_, chart) => [{ kind: "line", rooms: [`long${chart}`], height: 110, window: 100_000 }]),
    fill(client) {
      for (let chart = 0; chart < 5; chart++) client.push(`long${chart}`, waves(100_000, 0, 5));
    },
    step(client, frame) {
      for (let chart = 0; chart < 5; chart++) client.push(`long${chart}`, waves(17, 100_000 + frame * 17, 5));
    },
  },
  many: {
    title: "Twenty charts of five series, 10,000 records",
    rows: Array.from({ length: 5 }, (_, row) => Array.from({ length: 4 }, (_, column) => ({ kind: "line", rooms: [`many${row * 4 + column}`], height: 110 }))),
    fill(client) {
      for (let chart = 0; chart < 20; chart++) client.push(`many${chart}`, waves(10_000, 0, 5));
    },
    step(client, frame) {
      for (let chart = 0; chart < 20; chart++) client.push(`many${chart}`, waves(17, 10_000 + frame * 17, 5));
    },
  },
};

function waves(count: number, from: number, series: number): Record<string, Float64Array> {
  const fields: Record<string, Float64Array> = { step: numbers(count, (row) => row + from) };
  for (let one = 0; one < series; one++) fields[`m${one}`] = numbers(count, (row) => Math.sin((row + from) / 200 + one) + ((row + from) * (one + 3) % 97) / 97);
  return fields;
}
