// A feed's state in a word or two, with its tone; the longer story is the tooltip. Pure.
import type { FeedStatus, Gap } from "../client/contract.ts";
import { formatDuration } from "./format.ts";

export interface BadgeText {
  readonly text: string;
  readonly tone: "good" | "quiet" | "warn" | "bad";
  readonly title: string;
}

interface Told {
  readonly status: FeedStatus;
  readonly gap: Gap | null;
  readonly skipped: number;
}

const TRANSPORTS: Readonly<Record<string, string>> = {
  websocket: "WebSocket",
  sse: "server-sent events",
  longpoll: "long-polling",
  comm: "the notebook's own connection",
};

export function badgeOf({ status, gap, skipped }: Told, nowMs: number): BadgeText {
  const by = status.transport ? `live over ${TRANSPORTS[status.transport] ?? status.transport}` : "";
  const extra = [gap && gapText(gap), skipped > 0 && `${skipped} left out by rate`].filter(Boolean).join("; ");
  const title = [by, status.reason, status.fix, extra].filter(Boolean).join(" — ");
  switch (status.state) {
    case "live": {
      const dropped = status.publisherDropped ?? 0;
      if (dropped > 0) return { text: `${dropped.toLocaleString("en-US")} dropped by the publisher`, tone: "warn", title };
      if (gap) return { text: gapText(gap), tone: "warn", title };
      return { text: "live", tone: "good", title };
    }
    case "waiting":
      return { text: "waiting", tone: "quiet", title };
    case "connecting":
      return { text: "connecting", tone: "quiet", title };
    case "stale":
      return { text: `stale for ${formatDuration((nowMs - status.sinceMs) / 1000)}`, tone: "warn", title };
    case "reconnecting":
      return { text: `reconnecting${status.retryInS ? ` in ${Math.ceil(status.retryInS)} s` : ""}`, tone: "warn", title };
    case "ended":
      return { text: "ended", tone: "bad", title };
    case "failed":
      return { text: status.reason ?? "failed", tone: "bad", title };
  }
}

function gapText({ reason, from, to }: Gap): string {
  const why: Readonly<Record<string, string>> = {
    trimmed: "older than the history",
    slow: "this page was too slow",
    restarted: "the hub restarted",
    cleared: "the room was cleared",
    deleted: "the room was deleted",
    epoch: "a new stream began",
    beyond_top: "the hub lost its newest records",
    bad_cursor: "read anew",
  };
  const records = from !== undefined && to !== undefined ? `${from.toLocaleString("en-US")}–${to.toLocaleString("en-US")} ` : "";
  return `gap ${records}(${why[reason] ?? reason})`;
}
