// The one place of a page where clients are kept: each widget instance has its own copy of this module, so the page's global holds them.
import { commTransport } from "../transports/comm.ts";
import type { Transport } from "../transports/contract.ts";
import { longPollTransport } from "../transports/longpoll.ts";
import { sseTransport } from "../transports/sse.ts";
import { webSocketTransport } from "../transports/websocket.ts";
import { Backoff } from "./backoff.ts";
import { PageClient } from "./client.ts";
import type { Client, CommChannel, Host, PanelStatistics } from "./contract.ts";
import { onPageWakes, pageClock, pageMemory, requestsOf } from "./host.ts";
import { Ladder } from "./ladder.ts";

const SYMBOL = Symbol.for("livedash");
const PROBE_MS = 8000;

interface Shared {
  readonly clients: Map<string, PageClient>;
  readonly commClients: Map<CommChannel, PageClient>;
  readonly panels: Set<() => PanelStatistics>;
  statistics(): { transport: string | null; panels: PanelStatistics[] };
}

type Global = typeof globalThis & { [SYMBOL]?: Shared };

function shared(): Shared {
  const page = globalThis as Global;
  return (page[SYMBOL] ??= newShared());
}

function newShared(): Shared {
  const clients = new Map<string, PageClient>();
  const commClients = new Map<CommChannel, PageClient>();
  const panels = new Set<() => PanelStatistics>();
  const all = (): PageClient[] => [...clients.values(), ...commClients.values()];
  onPageWakes(() => all().forEach((client) => client.line.wake()));
  return {
    clients,
    commClients,
    panels,
    statistics: () => ({
      transport: all().find((client) => client.status().transport !== null)?.status().transport ?? null,
      panels: [...panels].map((read) => read()),
    }),
  };
}

/** One per page, server and key; a comm has its own, since it ends with its kernel. */
export function sharedClient(host: Host): Client {
  const { clients, commClients, panels } = shared();
  if (host.base === null) {
    if (!host.comm) throw new Error("livedash: a page needs a server or a comm");
    return cached(commClients, host.comm, () => newClient(host, panels));
  }
  return cached(clients, `${host.base} ${host.key ?? ""}`, () => newClient(host, panels));
}

function cached<Key>(map: Map<Key, PageClient>, key: Key, make: () => PageClient): PageClient {
  let client = map.get(key);
  if (!client) {
    client = make();
    map.set(key, client);
  }
  return client;
}

function newClient(host: Host, panels: Set<() => PanelStatistics>): PageClient {
  const base = host.base ?? "comm:";
  const ladder = new Ladder(transportsOf(host), pageMemory(base), pageClock.now);
  return new PageClient({ ladder, backoff: new Backoff(Math.random), clock: pageClock, probe: () => probe(host) }, panels);
}

function transportsOf(host: Host): [Transport, ...Transport[]] {
  const comm = host.comm ? [commTransport(host.comm)] : [];
  if (host.base === null) return comm as [Transport];
  const requests = requestsOf(host.base, host);
  return [
    webSocketTransport(requests, (url, protocols) => new WebSocket(url, protocols)),
    sseTransport(requests, pageClock),
    longPollTransport(requests, pageClock),
    ...comm,
  ];
}

async function probe(host: Host): Promise<number | null> {
  if (host.base === null) return null;
  try {
    const response = await requestsOf(host.base, host).get("rooms", { signal: AbortSignal.timeout(PROBE_MS) });
    return response.status;
  } catch {
    return null; // no server answers
  }
}
