"""Two servers on one Redis behind an nginx that sends each request to the next of them: nobody needs to come back to one."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

import livedash as ld
from livedash.wire.sse import Event, Parser
from tests.brokers.redis_server import RedisServer
from tests.end_to_end.hosts import Host
from tests.end_to_end.nginx import Nginx
from tests.end_to_end.panels import wait_until_painted
from tests.end_to_end.processes import wait_until
from tests.end_to_end.serve import ServeProcess

TOKEN = "t" * 32
LIMIT_S = 30.0
RECORDS = 30


@dataclass(frozen=True, slots=True)
class Site:
    """`host` is both servers by the proxy."""

    host: Host
    servers: tuple[ServeProcess, ServeProcess]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with RedisServer(tmp_path / "redis") as redis:
        arguments = ["--broker", redis.url, "--trust-proxy"]
        with (
            ServeProcess(tmp_path / "one", token=TOKEN, arguments=arguments) as one,
            ServeProcess(tmp_path / "other", token=TOKEN, arguments=arguments) as other,
            Nginx(tmp_path / "nginx", one.port, others=[other.port]) as nginx,
        ):
            yield Site(Host(f"http://127.0.0.1:{nginx.port}/livedash/", TOKEN), (one, other))


def test_requests_go_to_both_and_a_polls_cursor_is_answered_by_whichever_comes_next(site: Site) -> None:
    asked = {site.host.ask("GET", "health/live")[1]["pid"] for _ in range(6)}
    assert len(asked) == 2
    for number in range(RECORDS):
        site.host.publish("train", {"n": number})
    got: list[int] = []
    cursor = ""
    while len(got) < RECORDS:
        numbers, cursor = poll(site.host, cursor)
        got += numbers
    assert got == list(range(RECORDS))


def poll(host: Host, cursor: str) -> tuple[list[int], str]:
    status, told = host.ask("GET", f"poll?room=train&since=earliest&timeout=1&cursor={cursor}")
    assert (status, told["gaps"]) == (200, {})
    return [record["n"] for record in told["records"].get("train", [])], told["cursor"]


def test_an_event_stream_goes_on_from_its_last_id_at_the_other_server(site: Site) -> None:
    records: list[dict[str, object]] = [{"n": number} for number in range(RECORDS)]
    site.host.publish("train", *records)
    got: list[int] = []
    last_id = ""
    while len(got) < RECORDS:  # after five records the connection is given up, and the next one is another server's
        numbers, last_id = read_five(site.host, last_id)
        got += numbers
    assert got == list(range(RECORDS))


def read_five(host: Host, last_id: str) -> tuple[list[int], str]:
    headers = {**host.login, "Last-Event-ID": last_id}
    request = urllib.request.Request(f"{host.url}feed?room=train&since=earliest", headers=headers)
    parser = Parser()
    events: list[Event] = []
    with urllib.request.urlopen(request, timeout=LIMIT_S) as stream:
        while len(events) < 5:
            events += [event for event in parser.feed(stream.read1()) if event.event == "message"]
    return [json.loads(event.data)["n"] for event in events[:5]], events[4].event_id


def test_a_page_and_a_reader_go_on_where_their_server_is_killed(site: Site, page: Page) -> None:
    site.host.publish("train", {"step": 1, "loss": 1.0})
    page.goto(f"{site.host.url}view?room=train&key={TOKEN}")
    wait_until_painted(page, "train", 1)
    records: list[dict[str, Any]] = []
    gaps: list[str] = []
    feed = ld.connect(
        site.host.url, token=TOKEN, rooms="train", since="earliest", on_gap=lambda gap: gaps.append(gap.reason)
    )
    reading = threading.Thread(target=lambda: records.extend(feed), daemon=True)
    reading.start()
    wait_until(lambda: len(records) == 1, LIMIT_S, "the reader is there")
    one, other = site.servers
    for step, server in ((2, one), (3, other)):
        server.kill()
        wait_until(partial(pushed, site.host, step), LIMIT_S, "one is left that takes it")
        wait_until_painted(page, "train", step)
        server.start()
    wait_until(lambda: len(records) == 3, LIMIT_S, "the reader has them")
    feed.close()
    reading.join(LIMIT_S)
    assert ([record["step"] for record in records], gaps) == ([1, 2, 3], [])


def pushed(host: Host, step: int) -> bool:
    """By a key, since the proxy may have lost the answer alone."""
    request = urllib.request.Request(
        f"{host.url}rooms/train/records",
        method="POST",
        data=f'{{"step": {step}, "loss": 0.5}}'.encode(),
        headers={**host.login, "Content-Type": "application/json", "Idempotency-Key": f"step{step}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
