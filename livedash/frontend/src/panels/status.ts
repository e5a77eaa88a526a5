// One status for several rooms: the one that the viewer has to know. Pure.
import type { FeedState, FeedStatus } from "../client/contract.ts";

/** What hides what: a room that fails is told before one that lives, and one that waits only where none lives. */
const RANK: Readonly<Record<FeedState, number>> = { failed: 0, ended: 1, reconnecting: 2, stale: 3, connecting: 4, live: 5, waiting: 6 };

export function jointStatus(statuses: readonly FeedStatus[]): FeedStatus {
  const told = statuses.reduce((first, status) => (RANK[status.state] < RANK[first.state] ? status : first));
  const dropped = statuses.reduce((sum, status) => sum + (status.publisherDropped ?? 0), 0);
  const failing = statuses.flatMap((status) => status.failing ?? []);
  return { ...told, ...(dropped > 0 && { publisherDropped: dropped }), ...(failing.length > 0 && { failing }) };
}
