"""The browser's own EventSource is the judge: of the vectors that our readers are held to, and of what our writer writes."""

from __future__ import annotations

import base64
import contextlib
import http.server
import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from livedash.wire.sse import event_block
from tests.end_to_end.hosts import Host
from tests.end_to_end.serve import ServeProcess

LIMIT_S = 10.0
VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent.parent / "vectors" / "sse.json").read_text())
HOSTILE = [
    "",
    "\n",
    "\r\n\r\n",
    "a\n\nevent: livedash.bye\ndata: fooled\nid: x\n\n",
    "a\r\revent: livedash.bye\rdata: fooled\r\r",
    "\ufeffdata: a",
    ": comment",
    " two spaces ",
    "id: 7\0",
    "retry: 1",
    "größe 🔥\u2028\u2029\u0085\0",
]

# answers the events of each stream, until the stream's end
READ = """async ([urls, names]) => {
  const read = (url) => new Promise((done) => {
    const seen = [];
    const source = new EventSource(url);
    for (const name of names) {
      source.addEventListener(name, ({ type, data, lastEventId }) => seen.push({ event: type, data, id: lastEventId }));
    }
    source.onerror = () => {
      source.close();
      done(seen);
    };
  });
  const all = [];
  for (const url of urls) all.push(await read(url));
  return all;
}"""


@contextlib.contextmanager
def served(streams: Sequence[bytes]) -> Iterator[str]:
    """A web server whose `/0`, `/1`, … are event streams of these bytes; any other path is an empty page."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number = self.path.removeprefix("/")
            is_stream = number.isdigit()
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream" if is_stream else "text/html")
            self.end_headers()
            self.wfile.write(streams[int(number)] if is_stream else b"<!doctype html><title>empty</title>")

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def seen_by_event_source(page: Page, streams: Sequence[bytes], names: Sequence[str]) -> list[list[dict[str, str]]]:
    with served(streams) as origin:
        page.goto(f"{origin}/page")
        seen: list[list[dict[str, str]]] = page.evaluate(READ, [[f"{origin}/{n}" for n in range(len(streams))], names])
        return seen


def test_event_source_reads_each_vector_as_our_readers_do(page: Page) -> None:
    names = sorted({event["event"] for vector in VECTORS for event in vector["events"]} | {"message"})
    seen = seen_by_event_source(page, [base64.b64decode(vector["base64"]) for vector in VECTORS], names)
    for vector, events in zip(VECTORS, seen, strict=True):
        assert events == vector["events"], vector["name"]


def test_event_source_reads_what_we_write_whatever_the_data_holds(page: Page) -> None:
    streams = [event_block(data.encode(), event="lab3.furnace", event_id="lab3.furnace:k3x9-1") for data in HOSTILE]
    seen = seen_by_event_source(page, streams, ["lab3.furnace", "message", "livedash.bye"])
    as_lines = [data.replace("\r\n", "\n").replace("\r", "\n") for data in HOSTILE]
    assert seen == [[{"event": "lab3.furnace", "data": data, "id": "lab3.furnace:k3x9-1"}] for data in as_lines]


def test_event_source_gets_hostile_records_of_a_hub_one_by_one(page: Page, serve: ServeProcess) -> None:
    host = Host(serve.url, serve.token)
    host.publish("lab3.furnace", *({"text": text, text + "name": 1} for text in HOSTILE))
    host.publish("lab3.door", {"text": "last"})
    feed_url = host.share("lab3.*")["feed_url"] + "&since=earliest"
    page.goto(f"{serve.url}health/live")
    page.evaluate(
        """(url) => {
          globalThis.seen = { "lab3.furnace": [], "lab3.door": [], message: [], "livedash.bye": [] };
          const source = new EventSource(url);
          for (const name of Object.keys(seen)) source.addEventListener(name, ({ data }) => seen[name].push(JSON.parse(data)));
        }""",
        feed_url,
    )
    page.wait_for_function(
        "(count) => seen['lab3.furnace'].length >= count && seen['lab3.door'].length >= 1",
        arg=len(HOSTILE),
        timeout=LIMIT_S * 1000,
    )
    assert page.evaluate("() => seen") == {
        "lab3.furnace": [{"text": text, text + "name": 1} for text in HOSTILE],
        "lab3.door": [{"text": "last"}],
        "message": [],
        "livedash.bye": [],
    }
