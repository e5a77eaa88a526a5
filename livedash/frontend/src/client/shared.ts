// The one place of a page where clients are kept: each widget instance has its own copy of this module, so the page's global holds them.
import { commTransport } from "../transports/comm.ts";
import type { Transport } from "../transports/contract.ts";
import { longPollTransport } from "../transports/longpoll.ts";
import { sseTransport } from "../transports/sse.ts";
import { webSocketTransport } from "../transports/websocket.ts";
import { PageClient } from "./client.ts";
import { CommBundle } from "./comm_bundle.ts";
import type { Client, CommChannel, Host, PanelStatistics } from "./contract.ts";
import { newViewerSecret, onPageWakes, pageClock, pageMemory, requestsOf } from "./host.ts";
import { Ladder } from "./ladder.ts";

const SYMBOL = Symbol.for("livedash");

/** What a server's client has: a comm that comes with any of its panels is a way to the kernel for all of them. */
interface Entry {
  readonly client: PageClient;
  readonly comms: CommBundle;
}

interface Shared {
  readonly servers: Map<string, Entry>;
  readonly comms: Map<CommChannel, PageClient>;
  statistics(): { transport: string | null; panels: PanelStatistics[] };
  /** By server: what its line went through. Type `globalThis[Symbol.for("livedash")].trace()` into the browser's console. */
  trace(): Record<string, readonly string[]>;
}

type Global = typeof globalThis & { [SYMBOL]?: Shared };

/** One per page, server and key; a page without a server has one per comm, which ends with its widget. */
export function sharedClient(host: Host): Client {
  const { servers, comms } = shared();
  const { base, comm } = host;
  if (base === null) {
    if (!comm) throw new TypeError("a panel needs a server or a comm");
    return found(comms, comm, () => newClient([commTransport(comm)], pageMemory("comm"), host));
  }
  const entry = found(servers, `${base} ${host.key ?? ""}`, () => newEntry(base, host));
  if (comm) entry.comms.add(comm);
  return entry.client;
}

function shared(): Shared {
  const page = globalThis as Global;
  return (page[SYMBOL] ??= newShared());
}

function newShared(): Shared {
  const servers = new Map<string, Entry>();
  const comms = new Map<CommChannel, PageClient>();
  const all = (): PageClient[] => [...Array.from(servers.values(), ({ client }) => client), ...comms.values()];
  onPageWakes(() => all().forEach((client) => client.wake()));
  return {
    servers,
    comms,
    statistics() {
      const each = all().map((client) => client.statistics());
      return {
        transport: each.find(({ transport }) => transport !== null)?.transport ?? null,
        panels: each.flatMap(({ panels }) => panels),
      };
    },
    trace: () => Object.fromEntries(Array.from(servers, ([name, { client }]) => [name.split(" ")[0]!, client.trace()])),
  };
}

function newEntry(base: string, host: Host): Entry {
  const requests = requestsOf(base, host, newViewerSecret());
  const comms = new CommBundle();
  const transports: [Transport, ...Transport[]] = [
    webSocketTransport(requests, (url, protocols) => new WebSocket(url, protocols)),
    sseTransport(requests, pageClock),
    longPollTransport(requests, pageClock),
    // The first panel says whether kernels are near; a page of a link never has one.
    ...(host.comm ? [commTransport(comms)] : []),
  ];
  return { client: newClient(transports, pageMemory(base), host), comms };
}

function newClient(transports: readonly [Transport, ...Transport[]], memory: ReturnType<typeof pageMemory>, host: Host): PageClient {
  return new PageClient({
    ladder: new Ladder(transports, memory, pageClock.wallMs),
    clock: pageClock,
    random: Math.random,
    requests: host.base === null ? null : requestsOf(host.base, host),
    hasKey: host.key !== undefined,
  });
}

function found<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
