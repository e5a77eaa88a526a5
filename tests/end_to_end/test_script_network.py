"""What a script pushes and what it reads survive a dead socket, a stopped process and a clock that is set back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.counting import Counter, ScriptReader
from tests.end_to_end.hosts import Host
from tests.end_to_end.processes import wait_until
from tests.end_to_end.serve import ServeProcess
from tests.end_to_end.tcp_proxy import TcpProxy

BACK_WITHIN_S = 10.0
FOUND_WITHIN_S = 25.0
STOPPED_S = 12.0  # longer than any silence that either side of a script puts up with
BEYOND_PONG_LIMIT_S = 45.0  # the hub ends a peer that answers no ping for 40 s


@pytest.fixture
def proxy(serve: ServeProcess) -> Iterator[TcpProxy]:
    with TcpProxy(serve.port) as proxy:
        yield proxy


@pytest.fixture
def counter(serve: ServeProcess, proxy: TcpProxy, tmp_path: Path) -> Iterator[Counter]:
    """It publishes through the proxy."""
    address = {**serve.environment, "LIVEDASH_URL": f"http://127.0.0.1:{proxy.port}/livedash/"}
    with Counter(tmp_path / "counter", address) as counter:
        wait_until(lambda: position(serve) > 0, FOUND_WITHIN_S, "the first record is there")
        yield counter


@pytest.fixture
def reader(serve: ServeProcess, proxy: TcpProxy, counter: Counter, tmp_path: Path) -> Iterator[ScriptReader]:
    """It reads through the proxy."""
    with ScriptReader(tmp_path / "reader", f"http://127.0.0.1:{proxy.port}/livedash/", serve.token) as reader:
        reader.wait_until_it_moves(FOUND_WITHIN_S)
        yield reader


def position(serve: ServeProcess) -> int:
    status, room = Host(serve.url, serve.token).ask("GET", "rooms/count")
    return int(room["offset"]) if status == 200 else 0


def wait_until_it_grows(serve: ServeProcess, limit_s: float) -> None:
    before = position(serve)
    wait_until(lambda: position(serve) > before, limit_s, f"the room has more than {before} records")


def test_connections_that_died_without_a_word_are_made_anew(
    serve: ServeProcess, proxy: TcpProxy, counter: Counter, reader: ScriptReader
) -> None:
    proxy.forget()
    wait_until_it_grows(serve, BACK_WITHIN_S)
    reader.wait_until_it_moves(BACK_WITHIN_S)
    reader.check(counter.stop())


def test_network_that_was_dead_for_a_while_is_met_soon(
    serve: ServeProcess, proxy: TcpProxy, counter: Counter, reader: ScriptReader
) -> None:
    proxy.pause()
    time.sleep(STOPPED_S)  # the outage itself
    proxy.forget()
    proxy.resume()
    wait_until_it_grows(serve, BACK_WITHIN_S)
    reader.wait_until_it_moves(BACK_WITHIN_S)
    reader.check(counter.stop())


def test_clock_that_is_set_back_an_hour_disturbs_nothing_and_hides_no_dead_network(
    serve: ServeProcess, proxy: TcpProxy, counter: Counter, reader: ScriptReader
) -> None:
    accepted = proxy.accepted
    counter.set_clock_back()
    reader.set_clock_back()
    wait_until_it_grows(serve, BACK_WITHIN_S)
    reader.wait_until_it_moves(BACK_WITHIN_S)
    assert proxy.accepted == accepted
    proxy.forget()
    wait_until_it_grows(serve, BACK_WITHIN_S)
    reader.wait_until_it_moves(BACK_WITHIN_S)
    reader.check(counter.stop())


@pytest.mark.parametrize(
    "stopped_s", [STOPPED_S, pytest.param(BEYOND_PONG_LIMIT_S, marks=[pytest.mark.soak, pytest.mark.timeout(240)])]
)
def test_stopped_processes_go_on_where_they_were(
    serve: ServeProcess, proxy: TcpProxy, counter: Counter, reader: ScriptReader, stopped_s: float
) -> None:
    for process in (counter.process, reader.process):
        process.pause()
    proxy.forget()
    time.sleep(stopped_s)
    for process in (counter.process, reader.process):
        process.resume()
    wait_until_it_grows(serve, BACK_WITHIN_S)
    reader.wait_until_it_moves(BACK_WITHIN_S)
    reader.check(counter.stop())
