"""A feed is read with what everybody has: curl, an EventSource in a plain page, a WebSocket library."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from websockets.sync.client import connect

from tests.end_to_end.hosts import Host, HostKind, running_host
from tests.end_to_end.processes import free_port, running, wait_until

LIMIT_S = 10.0
ENDED_WITHIN_S = 1.0


@pytest.fixture(params=list(HostKind), ids=lambda kind: kind.value)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    with running_host(request.param, tmp_path) as running:
        yield running


class Curl:
    """`curl -N URL` while it is entered; what it printed so far."""

    def __init__(self, url: str, output: Path, *arguments: str) -> None:
        self._command = ["curl", "--silent", "--no-buffer", *arguments, url]
        self._output = output

    def __enter__(self) -> Curl:
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(self._command, stdout=output)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(LIMIT_S)

    def text(self) -> str:
        return self._output.read_text()

    def wait_for_start(self) -> None:
        wait_until(lambda: "event: livedash.start" in self.text(), LIMIT_S, "curl has the start of the feed")

    def records(self) -> list[dict[str, Any]]:
        """The data of the events that carry no name: a room's own records."""
        blocks = [block for block in self.text().split("\n\n") if "data:" in block and "event:" not in block]
        return [json.loads(re.findall(r"^data: ?(.*)$", block, re.MULTILINE)[0]) for block in blocks]

    def wait_for_records(self, *steps: int) -> None:
        """Until exactly these were printed."""
        wait_until(lambda: len(self.records()) >= len(steps), LIMIT_S, f"curl prints {len(steps)} records")
        assert [record["step"] for record in self.records()] == list(steps)

    def last_id(self) -> str:
        ids: list[str] = re.findall(r"^id: ?(.*)$", self.text(), re.MULTILINE)
        return ids[-1]


def test_curl_prints_records_as_they_are_pushed_and_goes_on_from_its_last_id(host: Host, tmp_path: Path) -> None:
    feed_url = host.share("train")["feed_url"]
    with Curl(feed_url, tmp_path / "first") as first:
        first.wait_for_start()
        host.publish("train", {"step": 1, "loss": 0.5})
        first.wait_for_records(1)
        host.publish("train", {"step": 2}, {"step": 3})
        first.wait_for_records(1, 2, 3)
    host.publish("train", {"step": 4}, {"step": 5})
    with Curl(feed_url, tmp_path / "second", "--header", f"Last-Event-ID: {first.last_id()}") as second:
        second.wait_for_records(4, 5)
        host.publish("train", {"step": 6})
        second.wait_for_records(4, 5, 6)
    assert first.records()[0] == {"step": 1, "loss": 0.5}


@pytest.fixture
def plain_page_url(tmp_path: Path) -> Iterator[str]:
    """An empty page on a web server that knows nothing of livedash."""
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "page.html").write_text("<!doctype html><title>plain</title>")
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with running(command, log_path=tmp_path / "plain.log", folder=tmp_path / "plain") as server:
        url = f"http://127.0.0.1:{port}/page.html"
        server.wait_until(lambda: answers(url), LIMIT_S, "the plain page is served")
        yield url


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=LIMIT_S):
            return True
    except OSError:
        return False


def test_plain_page_of_another_origin_gets_records_by_event_source(host: Host, page: Page, plain_page_url: str) -> None:
    feed_url = host.share("train")["feed_url"]
    page.goto(plain_page_url)
    page.evaluate(
        """(url) => new Promise((started, failed) => {
          globalThis.seen = [];
          const source = new EventSource(url);
          source.onmessage = (event) => seen.push(JSON.parse(event.data).step);
          source.onerror = () => failed(new Error("the event source failed"));
          source.addEventListener("livedash.start", started);
        })""",
        feed_url,
    )
    host.publish("train", {"step": 1}, {"step": 2})
    host.publish("train", {"step": 3})
    page.wait_for_function("() => seen.length >= 3", timeout=LIMIT_S * 1000)
    assert page.evaluate("() => seen") == [1, 2, 3]


def test_websocket_library_subscribes_and_publishes_by_the_protocol_alone(host: Host) -> None:
    with connect(host.websocket_url, additional_headers=host.login, subprotocols=["livedash.v1.json"]) as socket:  # type: ignore[list-item]
        socket.send('{"op":"subscribe","room":"train"}')
        subscribed = json.loads(socket.recv(LIMIT_S))
        assert (subscribed["op"], subscribed["room"], subscribed["offset"]) == ("subscribed", "train", 0)
        socket.send('{"op":"publish","room":"train","records":[{"step":1},{"step":2}],"id":7}')
        answers = {answer["op"]: answer for answer in (json.loads(socket.recv(LIMIT_S)) for _ in range(2))}
    assert answers["published"] == {
        "op": "published",
        "id": 7,
        "epoch": answers["records"]["epoch"],
        "offset": 2,
    }
    assert answers["records"]["records"] == [{"step": 1}, {"step": 2}]
    assert answers["records"]["offset"] == 2


def test_link_reads_its_rooms_and_gives_nothing_else(host: Host) -> None:
    key = host.share("train")["key"]
    host.publish("train", {"step": 1})
    host.publish("secret", {"step": 1})
    assert host.ask("GET", f"rooms/train/records?key={key}", login=False) == (200, [{"step": 1}])
    assert host.ask("GET", f"rooms/secret/records?key={key}", login=False)[0] in {403, 404}
    assert [room["name"] for room in host.ask("GET", f"rooms?key={key}", login=False)[1]["rooms"]] == ["train"]
    assert host.ask("POST", f"rooms/train/records?key={key}", {"step": 2}, login=False)[0] in {403, 404}
    assert host.ask("GET", f"links?key={key}", login=False)[0] in {403, 404}
    assert host.ask("GET", "rooms", login=False)[0] in {401, 403}


def test_revoked_link_ends_its_open_stream_and_answers_404(host: Host, tmp_path: Path) -> None:
    link = host.share("train")
    with Curl(link["feed_url"], tmp_path / "feed") as curl:
        curl.wait_for_start()
        assert host.ask("DELETE", f"links/{link['id']}")[0] == 204
        curl.process.wait(ENDED_WITHIN_S)
        assert "livedash.bye" in curl.text()
    assert host.ask("GET", f"rooms?key={link['key']}", login=False)[0] == 404
    assert host.ask("GET", "rooms?key=never-was-one", login=False)[0] == 404


def test_expired_link_ends_its_open_stream_and_answers_404(host: Host, tmp_path: Path) -> None:
    made_at_s = time.monotonic()
    link = host.share("train", expires_s=2)
    with Curl(link["feed_url"], tmp_path / "feed") as curl:
        curl.wait_for_start()
        curl.process.wait(2 + ENDED_WITHIN_S)
        assert time.monotonic() - made_at_s >= 2
    assert host.ask("GET", f"rooms?key={link['key']}", login=False)[0] == 404
