"""A laptop sleeps, its clock is set back, its address changes: the page is live within 10 s of the network, with each record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page

from tests.end_to_end.counting import Counter, PageReader
from tests.end_to_end.panels import statistics
from tests.end_to_end.processes import wait_until
from tests.end_to_end.serve import ServeProcess
from tests.end_to_end.tcp_proxy import TcpProxy

BACK_WITHIN_S = 10.0
FOUND_WITHIN_S = 25.0
ASLEEP_S = 12.0  # longer than any silence that a page puts up with
OFFLINE_S = 5.0
HOUR_MS = 3_600_000


@pytest.fixture
def counter(serve: ServeProcess, tmp_path: Path) -> Iterator[Counter]:
    with Counter(tmp_path / "counter", serve.environment) as counter:
        yield counter


@pytest.fixture
def proxy(serve: ServeProcess) -> Iterator[TcpProxy]:
    with TcpProxy(serve.port) as proxy:
        yield proxy


def only_websocket(page: Page) -> None:
    """Nothing stands in the way."""


def only_sse(page: Page) -> None:
    page.add_init_script("delete globalThis.WebSocket")


def only_longpoll(page: Page) -> None:
    only_sse(page)
    page.route("**/livedash/feed*", lambda route: route.abort())


LIMITED_TO: dict[str, Callable[[Page], None]] = {
    "websocket": only_websocket,
    "sse": only_sse,
    "longpoll": only_longpoll,
}
each_transport = pytest.mark.parametrize("transport", LIMITED_TO)


def open_page(page: Page, proxy: TcpProxy, serve: ServeProcess, transport: str = "websocket") -> PageReader:
    """Lives on `transport`."""
    LIMITED_TO[transport](page)
    page.goto(f"http://127.0.0.1:{proxy.port}/livedash/view?room=count&key={serve.token}")
    reader = PageReader(page)
    wait_until(lambda: statistics(page)["transport"] == transport, FOUND_WITHIN_S, f"the feed comes over {transport}")
    reader.wait_until_it_moves(FOUND_WITHIN_S)
    return reader


@each_transport
def test_address_that_changed_without_a_word_is_found_out(
    serve: ServeProcess, counter: Counter, page: Page, proxy: TcpProxy, transport: str
) -> None:
    reader = open_page(page, proxy, serve, transport)
    proxy.forget()
    reader.wait_until_it_moves(BACK_WITHIN_S)
    assert statistics(page)["transport"] == transport
    reader.check(counter.stop())


@each_transport
def test_network_that_was_dead_for_a_while_brings_the_page_back(
    serve: ServeProcess, counter: Counter, page: Page, proxy: TcpProxy, transport: str
) -> None:
    reader = open_page(page, proxy, serve, transport)
    proxy.pause()
    page.wait_for_timeout(ASLEEP_S * 1000)
    proxy.forget()
    proxy.resume()
    reader.wait_until_it_moves(BACK_WITHIN_S)
    assert statistics(page)["transport"] == transport
    reader.check(counter.stop())


@each_transport
def test_page_that_was_offline_tries_at_once_when_it_is_online(
    serve: ServeProcess, counter: Counter, page: Page, proxy: TcpProxy, transport: str
) -> None:
    reader = open_page(page, proxy, serve, transport)
    proxy.pause()
    page.context.set_offline(True)
    page.wait_for_timeout(OFFLINE_S * 1000)
    proxy.forget()
    proxy.resume()
    page.context.set_offline(False)
    reader.wait_until_it_moves(BACK_WITHIN_S)
    reader.check(counter.stop())


@each_transport
def test_page_whose_process_was_stopped_comes_back(
    serve: ServeProcess, counter: Counter, browser: Browser, page: Page, proxy: TcpProxy, transport: str
) -> None:
    reader = open_page(page, proxy, serve, transport)
    renderers = [psutil.Process(pid) for pid in renderer_pids(browser)]
    for renderer in renderers:
        renderer.suspend()
    proxy.forget()
    time.sleep(ASLEEP_S)
    for renderer in renderers:
        renderer.resume()
    reader.wait_until_it_moves(BACK_WITHIN_S)
    reader.check(counter.stop())


def test_page_that_was_frozen_by_its_browser_comes_back(
    serve: ServeProcess, counter: Counter, page: Page, proxy: TcpProxy
) -> None:
    reader = open_page(page, proxy, serve)
    session = page.context.new_cdp_session(page)
    session.send("Page.setWebLifecycleState", {"state": "frozen"})
    proxy.forget()
    page.wait_for_timeout(ASLEEP_S * 1000)
    session.send("Page.setWebLifecycleState", {"state": "active"})
    reader.wait_until_it_moves(BACK_WITHIN_S)
    reader.check(counter.stop())


def test_laptop_that_slept_for_an_hour_comes_back(
    serve: ServeProcess, counter: Counter, page: Page, proxy: TcpProxy
) -> None:
    page.clock.install()
    reader = open_page(page, proxy, serve)
    proxy.forget()
    page.clock.fast_forward(HOUR_MS)
    reader.wait_until_it_moves(BACK_WITHIN_S)
    reader.check(counter.stop())


def test_clock_that_is_set_back_an_hour_disturbs_nothing_and_hides_no_dead_network(
    serve: ServeProcess, counter: Counter, page: Page, proxy: TcpProxy
) -> None:
    page.clock.install()
    reader = open_page(page, proxy, serve)
    told = len(reader.states)
    page.clock.set_system_time(datetime.now(UTC) - timedelta(hours=1))
    reader.wait_until_it_moves(BACK_WITHIN_S)
    page.wait_for_timeout(2000)
    assert len(reader.states) == told
    proxy.forget()
    reader.wait_until_it_moves(BACK_WITHIN_S)
    reader.check(counter.stop())


def renderer_pids(browser: Browser) -> list[int]:
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    return [process["id"] for process in processes if process["type"] == "renderer"]
