from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.end_to_end.nginx import Nginx

SILENCE_S = 0.3
ANSWER_LIMIT_S = 5.0


@pytest.fixture
def upstream_port(held_back: threading.Event) -> Iterator[int]:
    """A server that sends its path at once, asks not to be buffered, and ends its answer when `held_back` is set."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("X-Accel-Buffering", "no")
            self.end_headers()
            self.wfile.write(self.path.encode())
            held_back.wait(ANSWER_LIMIT_S)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        held_back.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def held_back() -> threading.Event:
    return threading.Event()


def test_plain_proxy_passes_a_stream_on_at_once_and_takes_its_prefix_off(upstream_port: int, tmp_path: Path) -> None:
    with Nginx(tmp_path / "nginx", upstream_port, prefix="/lab/") as nginx:
        url = f"http://127.0.0.1:{nginx.port}/lab/feed"
        with urllib.request.urlopen(url, timeout=ANSWER_LIMIT_S) as answer:
            assert answer.read(5) == b"/feed"


def test_buffering_proxy_keeps_a_stream_back_until_it_ends(
    upstream_port: int, held_back: threading.Event, tmp_path: Path
) -> None:
    with Nginx(tmp_path / "nginx", upstream_port, buffers=True) as nginx:
        url = f"http://127.0.0.1:{nginx.port}/feed"
        threading.Timer(SILENCE_S, held_back.set).start()
        with urllib.request.urlopen(url, timeout=ANSWER_LIMIT_S) as answer:
            assert held_back.is_set()
            assert answer.read() == b"/feed"
