// A feed's state in a word or two, with its tone; the longer story is the tooltip. A panel that is simply live shows a quiet dot.
import type { FailingSource, FeedStatus, Gap } from "../client/contract.ts";
import { formatCount, formatDuration } from "./format.ts";

export interface BadgeText {
  /** "" where the dot says all. */
  readonly text: string;
  readonly tone: "good" | "quiet" | "warn" | "bad";
  readonly title: string;
}

export interface Told {
  readonly status: FeedStatus;
  readonly gap: Gap | null;
  readonly skipped: number;
}

const TRANSPORTS: Readonly<Record<string, string>> = {
  websocket: "WebSocket",
  sse: "server-sent events",
  longpoll: "long-polling",
  comm: "the notebook’s own connection",
};
const REASONS: Readonly<Record<string, string>> = {
  trimmed: "older than the history",
  slow: "this page was too slow",
  restarted: "the hub restarted",
  cleared: "the room was cleared",
  deleted: "the room was deleted",
  epoch: "a new stream began",
  beyond_top: "the hub lost its newest records",
  bad_cursor: "read anew",
};
const SECOND_MS = 1000;
/** States that tell a time, which goes on while nothing else happens. */
const CLOCKED: ReadonlySet<string> = new Set(["stale", "reconnecting"]);

export class Badge {
  readonly element = document.createElement("span");
  private readonly text = document.createTextNode("");
  private told: Told | null = null;
  /** When the wait for the next try was told. */
  private waitsSinceMs = 0;
  private wait = "";
  private shown: BadgeText | null = null;
  private clock: ReturnType<typeof setInterval> | null = null;

  /** `whenLive`: a word where the dot alone would be too little. */
  constructor(private readonly whenLive = "") {
    this.element.className = "ld-badge";
    this.element.setAttribute("role", "status");
    this.element.append(this.text);
  }

  show(told: Told): void {
    this.told = told;
    const wait = `${told.status.state} ${told.status.retryInS} ${told.status.reason}`;
    if (wait !== this.wait) this.waitsSinceMs = performance.now(); // not Date: somebody may set the clock
    this.wait = wait;
    const isClocked = CLOCKED.has(told.status.state);
    if (isClocked && this.clock === null) this.clock = setInterval(() => this.told && this.write(this.told), SECOND_MS);
    if (!isClocked) this.stop();
    this.write(told);
  }

  dispose(): void {
    this.stop();
  }

  private write(told: Told): void {
    const next = badgeOf(told, performance.now(), this.waitsSinceMs);
    const { shown } = this;
    const text = next.tone === "good" ? this.whenLive : next.text;
    if (this.text.data !== text) this.text.data = text;
    if (shown?.tone !== next.tone) this.element.dataset.tone = next.tone;
    if (shown?.title !== next.title) this.element.title = this.element.ariaLabel = next.title || next.text;
    this.shown = next;
  }

  private stop(): void {
    if (this.clock) clearInterval(this.clock);
    this.clock = null;
  }
}

/** `waitsSinceMs`: when the wait for the next try was told. */
export function badgeOf({ status, gap, skipped }: Told, nowMs: number, waitsSinceMs = nowMs): BadgeText {
  const { state, transport, reason, fix, sinceMs, retryInS, publisherDropped: dropped = 0, failing = [], degraded } = status;
  const by = transport ? `live over ${TRANSPORTS[transport] ?? transport}` : "";
  const facts = [
    state === "live" ? by : `${state}${transport ? `, last ${by}` : ""}`,
    reason,
    fix,
    ...failing.map(failureText),
    degraded !== undefined && degradedText(degraded),
    gap && gapText(gap),
    dropped > 0 && `a publisher’s buffer was full and lost ${formatCount(dropped)} records`,
    skipped > 0 && `${formatCount(skipped)} records left out, as asked for`,
  ];
  const title = facts.filter(Boolean).join("; ");
  switch (state) {
    case "live":
      if (failing.length > 0) return { text: "source failing", tone: "bad", title };
      if (degraded !== undefined) return { text: "live · degraded", tone: "warn", title };
      if (dropped > 0) return { text: `${formatCount(dropped)} dropped`, tone: "warn", title };
      return gap ? { text: shortGap(gap), tone: "warn", title } : { text: "", tone: "good", title };
    case "waiting":
      if (failing.length > 0) return { text: "source failing", tone: "bad", title };
      return degraded !== undefined ? { text: "waiting · degraded", tone: "warn", title } : { text: state, tone: "quiet", title };
    case "connecting":
      return { text: state, tone: "quiet", title };
    case "stale":
      return { text: `stale for ${formatDuration((nowMs - sinceMs) / SECOND_MS)}`, tone: "warn", title };
    case "reconnecting":
      return { text: `reconnecting${countdown(retryInS, nowMs - waitsSinceMs)}`, tone: "warn", title };
    case "ended":
    case "failed":
      return { text: state, tone: "bad", title };
  }
}

/** What a failing source's error says, in a sentence without its end. */
export function failureText({ name, error }: FailingSource): string {
  return `source ${name} fails${error && `: ${error}`}`;
}

function degradedText(reason: string): string {
  return `degraded: ${reason || "the hub is cut off from the others"}; what is published waits until that is mended`;
}

function countdown(retryInS: number | undefined, waitedMs: number): string {
  const leftS = Math.ceil((retryInS ?? 0) - waitedMs / SECOND_MS);
  return leftS > 0 ? ` in ${leftS} s` : "";
}

function shortGap({ from, to }: Gap): string {
  return from !== undefined && to !== undefined ? `gap of ${formatCount(to - from + 1)}` : "gap";
}

function gapText({ reason, from, to }: Gap): string {
  const records = from !== undefined && to !== undefined ? `records ${formatCount(from)}–${formatCount(to)} are missing` : "records are missing";
  return `${records} (${REASONS[reason] ?? reason})`;
}
