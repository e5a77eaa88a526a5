"""`livedash serve --workers`: processes that share a port, each started again when it dies, and all drained at the end."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from livedash.errors import MissingExtraError, SettingRefusedError
from livedash.server.lifecycle import ServeOptions
from livedash.server.workers import Workers
from tests.brokers.redis_server import RedisServer
from tests.end_to_end.hosts import Host
from tests.end_to_end.processes import wait_until
from tests.end_to_end.serve import ServeProcess

LIMIT_S = 30.0
NOT_THERE = ServeOptions(broker="redis://127.0.0.1:1")


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def served(tmp_path: Path, redis: RedisServer) -> Iterator[ServeProcess]:
    arguments = ["--workers", "2", "--broker", f"{redis.url}?prefix=w{os.urandom(4).hex()}"]
    with ServeProcess(tmp_path, arguments=arguments) as serve:
        yield serve


def workers(serve: ServeProcess) -> set[int]:
    return {child.pid for child in psutil.Process(serve.process.pid).children()}


def answering(serve: ServeProcess) -> int:
    """The process that took this connection."""
    status, told = Host(serve.url, serve.token).ask("GET", "health/live")
    assert status == 200
    return int(told["pid"])


def test_both_answer_on_one_port_and_have_the_same_rooms(served: ServeProcess) -> None:
    seen: set[int] = set()
    wait_until(lambda: bool(seen.add(answering(served))) or seen == workers(served), LIMIT_S, "both take connections")
    host = Host(served.url, served.token)
    for n in range(20):
        host.publish("train", {"n": n})
    cursor, got = "", []
    while len(got) < 20:
        status, told = host.ask("GET", f"poll?room=train&since=earliest&timeout=2&cursor={cursor}")
        assert (status, told["gaps"]) == (200, {})
        cursor = told["cursor"]
        got += [record["n"] for record in told["records"].get("train", [])]
    assert got == list(range(20))


def test_one_that_dies_is_started_again(served: ServeProcess) -> None:
    wait_until(lambda: len(workers(served)) == 2, LIMIT_S, "both are there")
    before = workers(served)
    os.kill(min(before), signal.SIGKILL)
    wait_until(lambda: len(workers(served)) == 2 and workers(served) != before, LIMIT_S, "there are two again")
    wait_until(lambda: answering(served) not in before, LIMIT_S, "the new one takes connections")


def test_all_end_with_the_signal_and_nothing_is_left(served: ServeProcess) -> None:
    wait_until(lambda: len(workers(served)) == 2, LIMIT_S, "both are there")
    family = [psutil.Process(pid) for pid in workers(served)]
    wait_until(lambda: answering(served) > 0, LIMIT_S, "they serve")
    served.process.process.send_signal(signal.SIGTERM)
    assert served.process.process.wait(LIMIT_S) == 0
    assert not any(each.is_running() for each in family)


def test_several_workers_without_a_broker_are_refused_with_the_reason() -> None:
    with pytest.raises(SettingRefusedError, match="viewers would see a part"):
        Workers(2, ServeOptions(), lambda _: None)


def test_a_broker_whose_library_is_missing_is_told_before_any_worker_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(MissingExtraError, match="pip install"):
        Workers(2, NOT_THERE, lambda _: None)


def test_a_port_that_another_program_has_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        options = ServeOptions(port=taken.getsockname()[1], broker=NOT_THERE.broker)
        with pytest.raises(SettingRefusedError, match="can't listen"):
            Workers(2, options, lambda _: None).run()
