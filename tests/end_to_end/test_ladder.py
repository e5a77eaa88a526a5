"""Whatever the proxy spoils, a page finds the transport that works, remembers it, says it, and misses no record."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.end_to_end.counting import Counter, PageReader
from tests.end_to_end.nginx import Nginx
from tests.end_to_end.panels import statistics
from tests.end_to_end.processes import wait_until
from tests.end_to_end.serve import ServeProcess
from tests.end_to_end.tcp_proxy import TcpProxy

FOUND_WITHIN_S = 25.0
NAMES = {"websocket": "WebSocket", "sse": "server-sent events", "longpoll": "long-polling"}
TRANSPORTS = {"ws", "feed", "poll"}
SPOILED: dict[str, tuple[dict[str, Any], str]] = {
    "all passes": ({}, "websocket"),
    "WebSocket refused with 400": ({"upgrades": False}, "sse"),
    "WebSocket refused with 403": ({"refuses": ["ws"]}, "sse"),
    "WebSocket refused, streams held back": ({"upgrades": False, "buffers": True}, "longpoll"),
    "WebSocket and streams refused": ({"refuses": ["ws", "feed"]}, "longpoll"),
}


@pytest.fixture
def counter(serve: ServeProcess, tmp_path: Path) -> Iterator[Counter]:
    with Counter(tmp_path / "counter", serve.environment) as counter:
        yield counter


def open_page(page: Page, port: int, token: str) -> PageReader:
    page.goto(f"http://127.0.0.1:{port}/livedash/view?room=count&key={token}")
    return PageReader(page)


def wait_for_transport(page: Page, name: str, limit_s: float = FOUND_WITHIN_S) -> None:
    wait_until(lambda: statistics(page)["transport"] == name, limit_s, f"the page's feed comes over {name}")


def badge_says(page: Page) -> str:
    return page.locator(".ld-panel .ld-badge").first.get_attribute("title") or ""


@pytest.mark.parametrize(("spoiled", "transport"), SPOILED.values(), ids=SPOILED)
def test_page_finds_what_gets_through_says_it_and_begins_with_it_after_a_reload(
    serve: ServeProcess, counter: Counter, page: Page, tmp_path: Path, spoiled: dict[str, Any], transport: str
) -> None:
    with Nginx(tmp_path / "nginx", serve.port, **spoiled) as nginx:
        reader = open_page(page, nginx.port, serve.token)
        wait_for_transport(page, transport)
        reader.wait_until_it_moves(FOUND_WITHIN_S)
        wait_until(lambda: NAMES[transport] in badge_says(page), FOUND_WITHIN_S, "the panel says its transport")
        before = len(nginx.asked())
        page.reload()
        reader = PageReader(page)
        reader.wait_until_it_moves(FOUND_WITHIN_S)
        wait_for_transport(page, transport)
        reader.check(counter.stop())
        page.close()  # nginx logs a stream when it is over
        worse = {"websocket": {"feed", "poll"}, "sse": {"ws", "poll"}, "longpoll": {"ws", "feed"}}[transport]
        assert not worse.intersection(nginx.asked()[before:])


def test_page_climbs_when_the_proxy_lets_more_through_and_falls_when_it_lets_less(
    serve: ServeProcess, counter: Counter, page: Page, tmp_path: Path
) -> None:
    with Nginx(tmp_path / "bad", serve.port, refuses=["ws", "feed"]) as nginx:
        reader = open_page(page, nginx.port, serve.token)
        wait_for_transport(page, "longpoll")
        reader.wait_until_it_moves(FOUND_WITHIN_S)
    with Nginx(tmp_path / "good", serve.port, port=nginx.port):
        reader.wait_until_it_moves(FOUND_WITHIN_S)
        page.evaluate("() => window.dispatchEvent(new Event('online'))")  # else it tries every five minutes
        wait_for_transport(page, "websocket")
        reader.wait_until_it_moves(FOUND_WITHIN_S)
    with Nginx(tmp_path / "bad_again", serve.port, port=nginx.port, upgrades=False):
        wait_for_transport(page, "sse")
        reader.wait_until_it_moves(FOUND_WITHIN_S)
        reader.check(counter.stop())


@pytest.mark.parametrize(("refused", "transport"), [([], "websocket"), (["ws"], "sse"), (["ws", "feed"], "longpoll")])
def test_quiet_feed_is_not_cut_by_a_proxy_that_cuts_silent_connections(
    serve: ServeProcess, page: Page, tmp_path: Path, refused: list[str], transport: str
) -> None:
    with (
        Counter(tmp_path / "counter", serve.environment, rate_hz=0.05) as counter,
        Nginx(tmp_path / "nginx", serve.port, refuses=refused, read_timeout_s=7) as nginx,
    ):
        reader = open_page(page, nginx.port, serve.token)
        wait_for_transport(page, transport)
        reader.wait_for(1)
        tried = len(reader.states)
        page.wait_for_timeout(16_000)  # longer than two of the proxy's limits
        assert statistics(page)["transport"] == transport
        assert {state["state"] for state in reader.states[tried:]} <= {"live"}
        reader.check(counter.stop())


@pytest.mark.parametrize("upgrades", [True, False], ids=["websocket", "sse"])
def test_proxy_that_cuts_every_connection_costs_no_record_and_no_better_transport(
    serve: ServeProcess, counter: Counter, page: Page, tmp_path: Path, upgrades: bool
) -> None:
    stay_through_cuts(page, serve, counter, tmp_path, upgrades, cut_after_s=6, cuts=3)


@pytest.mark.soak
@pytest.mark.timeout(240)
@pytest.mark.parametrize("upgrades", [True, False], ids=["websocket", "sse"])
def test_proxy_that_cuts_at_30_s_costs_no_record_and_no_better_transport(
    serve: ServeProcess, counter: Counter, page: Page, tmp_path: Path, upgrades: bool
) -> None:
    stay_through_cuts(page, serve, counter, tmp_path, upgrades, cut_after_s=30, cuts=3)


def stay_through_cuts(
    page: Page, serve: ServeProcess, counter: Counter, tmp_path: Path, upgrades: bool, cut_after_s: float, cuts: int
) -> None:
    transport = "websocket" if upgrades else "sse"
    with (
        Nginx(tmp_path / "nginx", serve.port, upgrades=upgrades) as nginx,
        TcpProxy(nginx.port, cut_after_s=cut_after_s) as proxy,
    ):
        reader = open_page(page, proxy.port, serve.token)
        wait_for_transport(page, transport)
        wait_until(lambda: times_lost(reader) >= cuts, cuts * (cut_after_s + FOUND_WITHIN_S), f"it is cut {cuts} times")
        reader.wait_until_it_moves(FOUND_WITHIN_S)
        wait_for_transport(page, transport)
        reader.check(counter.stop())


def times_lost(reader: PageReader) -> int:
    states = [state["state"] for state in reader.states]
    return sum(now == "reconnecting" != before for before, now in pairwise(["", *states]))
