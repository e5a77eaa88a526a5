from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from livedash.client import discovery
from livedash.client.discovery import find_endpoint

PATHS = {
    "/a%40b/api/sessions": [{"kernel": {"id": "k1"}}],
    "/a%40b/livedash/health/live": {"status": "live"},
}


class Jupyter(BaseHTTPRequestHandler):
    """Answers what discovery asks a running server, to who shows its token, and nothing else."""

    def do_GET(self) -> None:
        known = self.path in PATHS and self.headers["Authorization"] == "Bearer t"
        body = json.dumps(PATHS.get(self.path)).encode()
        self.send_response(200 if known else 404)
        self.end_headers()
        self.wfile.write(body if known else b"{}")

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def server_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server that runs, as its file in the runtime folder tells."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Jupyter)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    file = tmp_path / "jpserver-1.json"
    file.write_text(json.dumps({"url": f"http://127.0.0.1:{server.server_port}/a%40b/", "token": "t"}))
    monkeypatch.setattr(discovery, "_runtime_folder", lambda: tmp_path)
    yield file
    server.shutdown()
    server.server_close()


def in_kernel(monkeypatch: pytest.MonkeyPatch, kernel_id: str) -> dict[str, str]:
    monkeypatch.setattr(discovery, "is_kernel", lambda: True)
    monkeypatch.setattr(discovery, "_kernel_id", lambda: kernel_id)
    return {"JPY_PARENT_PID": str(os.getppid())}


def test_named_hub_comes_before_all_others(server_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = in_kernel(monkeypatch, "k1") | {"LIVEDASH_URL": "http://hub:8899", "LIVEDASH_TOKEN": "x"}
    endpoint = find_endpoint(environment)
    assert endpoint is not None
    assert (endpoint.base_url, endpoint.token, endpoint.is_jupyter) == ("http://hub:8899/livedash/", "x", False)


def test_kernel_finds_the_running_server_whose_sessions_list_it(
    server_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = find_endpoint(in_kernel(monkeypatch, "k1"))
    assert endpoint is not None
    assert endpoint.is_jupyter
    assert endpoint.base_url.endswith("/a%40b/livedash/")


def test_kernel_of_another_server_finds_none(server_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_endpoint(in_kernel(monkeypatch, "k2")) is None


def test_script_never_picks_a_running_jupyter(server_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = in_kernel(monkeypatch, "k1")
    monkeypatch.setattr(discovery, "is_kernel", lambda: False)
    assert find_endpoint(environment) is None


def test_socket_that_is_gone_or_belongs_to_nobody_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "_runtime_folder", lambda: tmp_path)
    left = tmp_path / "livedash-1.sock"
    left.touch()
    assert find_endpoint(in_kernel(monkeypatch, "k1") | {"LIVEDASH_SOCKET": str(left)}) is None
