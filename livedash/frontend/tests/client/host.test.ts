import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { newViewerSecret, onPageWakes, pageMemory, requestsOf } from "../../src/client/host.ts";

const BASE = "https://jupyter.example/user/ada/livedash/";
const page = globalThis as unknown as Record<string, unknown>;
const added: string[] = [];
const realFetch = globalThis.fetch;

function withGlobals(globals: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(globals)) {
    added.push(name);
    Object.defineProperty(page, name, { value, configurable: true, writable: true });
  }
}

function caught(): { url: URL; init: RequestInit & { headers: Record<string, string> } }[] {
  const calls: { url: URL; init: RequestInit & { headers: Record<string, string> } }[] = [];
  withGlobals({
    fetch: (url: URL, init: RequestInit & { headers: Record<string, string> }) => {
      calls.push({ url, init });
      return Promise.resolve(new Response());
    },
  });
  return calls;
}

afterEach(() => {
  for (const name of added.splice(0)) delete page[name];
  globalThis.fetch = realFetch;
});

const { signal } = new AbortController();

test("requests of a login carry its cookie, token and XSRF token", async () => {
  const calls = caught();
  withGlobals({ document: { cookie: "a=1; _xsrf=first|x; b=2; _xsrf=2|last|0|5" } });
  await requestsOf(BASE, { token: "t0k" }).get("feed", { params: new URLSearchParams({ room: "train" }), headers: { Accept: "text/event-stream" }, signal });
  const { url, init } = calls[0]!;
  assert.equal(url.href, `${BASE}feed?room=train`);
  assert.deepEqual(init.headers, { Accept: "text/event-stream", Authorization: "token t0k", "X-XSRFToken": "2|last|0|5" });
  assert.equal(init.credentials, "same-origin");
});

test("requests of a link carry its key and nothing of a login", async () => {
  const calls = caught();
  withGlobals({ document: { cookie: "_xsrf=2|a|b|5" } });
  const requests = requestsOf(BASE, { key: "k&y", token: "t0k" });
  await requests.get("rooms", { signal });
  assert.equal(calls[0]!.url.href, `${BASE}rooms?key=k%26y`);
  assert.deepEqual(calls[0]!.init.headers, {});
  assert.equal(calls[0]!.init.credentials, "omit");
  assert.equal(requests.socketUrl("ws"), "wss://jupyter.example/user/ada/livedash/ws?key=k%26y");
});

test("a page's own host gets no token in a WebSocket's address, another one does", () => {
  withGlobals({ location: { host: "jupyter.example" } });
  assert.equal(requestsOf(BASE, { token: "t0k" }).socketUrl("ws"), "wss://jupyter.example/user/ada/livedash/ws");
  withGlobals({ location: { host: "elsewhere.example" } });
  assert.equal(requestsOf(BASE, { token: "t0k" }).socketUrl("ws"), "wss://jupyter.example/user/ada/livedash/ws?token=t0k");
});

test("what reads says which viewer it is, on each transport, and nothing else does", async () => {
  const calls = caught();
  const viewer = newViewerSecret();
  const requests = requestsOf(BASE, { key: "k" }, viewer);
  for (const path of ["feed", "poll", "rooms"]) await requests.get(path, { signal });
  assert.deepEqual(calls.map(({ url }) => url.searchParams.get("viewer")), [viewer, viewer, null]);
  assert.equal(new URL(requests.socketUrl("ws")).searchParams.get("viewer"), viewer);
  assert.match(viewer, /^[0-9a-f]{24}$/);
  assert.notEqual(newViewerSecret(), viewer);
});

test("plain http has plain ws, and an empty token is none", async () => {
  const calls = caught();
  const requests = requestsOf("http://127.0.0.1:8888/livedash/", { token: "" });
  await requests.get("rooms", { signal });
  assert.deepEqual(calls[0]!.init.headers, {});
  assert.ok(requests.socketUrl("ws").startsWith("ws://127.0.0.1:8888/livedash/ws"));
});

test("storage that is there is used, and storage that throws is done without", () => {
  const entries = new Map<string, string>();
  withGlobals({ localStorage: { getItem: (name: string) => entries.get(name) ?? null, setItem: (name: string, text: string) => void entries.set(name, text) } });
  pageMemory(BASE).write("x");
  assert.equal(pageMemory(BASE).read(), "x");
  assert.equal(pageMemory("https://other/").read(), null);
  const refuse = (): never => {
    throw new DOMException("denied", "SecurityError");
  };
  withGlobals({ localStorage: { getItem: refuse, setItem: refuse } });
  pageMemory(BASE).write("x");
  assert.equal(pageMemory(BASE).read(), null);
});

test("a page wakes when the network is back or when it is looked at, not when it is hidden", () => {
  const [onWindow, onDocument] = [new EventTarget(), new EventTarget() as EventTarget & { visibilityState: string }];
  withGlobals({ window: onWindow, document: onDocument });
  let wakes = 0;
  onPageWakes(() => wakes++);
  onDocument.visibilityState = "hidden";
  onDocument.dispatchEvent(new Event("visibilitychange"));
  assert.equal(wakes, 0);
  onDocument.visibilityState = "visible";
  onDocument.dispatchEvent(new Event("visibilitychange"));
  onWindow.dispatchEvent(new Event("online"));
  assert.equal(wakes, 2);
});
