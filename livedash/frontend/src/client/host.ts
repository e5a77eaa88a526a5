// What the client needs of the page: requests that carry its login or its link's key, WebSockets, time and a little storage.
import type { Clock, Requests } from "../transports/contract.ts";
import type { Host } from "./contract.ts";
import type { Memory } from "./ladder.ts";

const XSRF_COOKIE = /(?:^|;\s*)_xsrf=([^;]*)/g;

export const pageClock: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** What reads, and so is a viewer to others. */
const VIEWED: ReadonlySet<string> = new Set(["ws", "feed", "poll"]);
const VIEWER_BYTES = 12;

/** By which a page that comes again, by whichever transport, is the same viewer to others; only the server hears it. */
export function newViewerSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(VIEWER_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `base` is absolute and ends in a slash. A link's key replaces the login: its pages may be opened by who has none. */
export function requestsOf(base: string, host: Pick<Host, "key" | "token">, viewer?: string): Requests {
  const { key, token } = host;
  const withKey = (url: URL, name: string, value: string | undefined): URL => {
    if (value !== undefined) url.searchParams.set(name, value);
    return url;
  };
  return {
    get(path, { params, headers, signal }) {
      const url = new URL(path, base);
      url.search = params?.toString() ?? "";
      withKey(url, "key", key);
      if (VIEWED.has(path)) withKey(url, "viewer", viewer);
      return fetch(url, {
        signal,
        headers: { ...headers, ...(key === undefined && loginHeaders(token)) },
        credentials: key === undefined ? "same-origin" : "omit",
        cache: "no-store",
        redirect: "follow",
      });
    },
    socketUrl(path) {
      const url = withKey(new URL(path, base), "viewer", viewer);
      url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      // A page's WebSocket has no headers. The cookie goes along to the page's own host; elsewhere Jupyter takes `token`, as from its own pages.
      const isElsewhere = typeof location === "undefined" || new URL(base).host !== location.host;
      return (key === undefined ? withKey(url, "token", isElsewhere ? token : undefined) : withKey(url, "key", key)).href;
    },
  };
}

export function pageMemory(base: string): Memory {
  const name = `livedash.transport ${base}`;
  return {
    read() {
      try {
        return localStorage.getItem(name);
      } catch {
        return null; // no storage here (a sandboxed frame, a test)
      }
    },
    write(text) {
      try {
        localStorage.setItem(name, text);
      } catch {
        // The page asks anew next time.
      }
    },
  };
}

/** Calls when the network is back or another one, and when the page goes on or somebody looks at it again. */
export function onPageWakes(callback: () => void): void {
  if (typeof window === "undefined") return;
  window.addEventListener("online", callback);
  window.addEventListener("pageshow", callback);
  document.addEventListener("resume", callback); // after a freeze
  (navigator as { connection?: EventTarget }).connection?.addEventListener("change", callback);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") callback();
  });
}

function loginHeaders(token: string | undefined): Record<string, string> {
  // Of several, for the server's own path and for a shorter one, Jupyter's tornado takes the last.
  const xsrf = typeof document === "undefined" ? undefined : [...document.cookie.matchAll(XSRF_COOKIE)].at(-1)?.[1];
  return { ...(token && { Authorization: `token ${token}` }), ...(xsrf && { "X-XSRFToken": xsrf }) };
}
