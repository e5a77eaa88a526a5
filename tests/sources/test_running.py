from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from livedash import limits
from livedash.errors import ValueRefusedError
from livedash.sources.running import Source, running_sources, stop_all
from tests.end_to_end.processes import wait_until

LIMIT_S = 10.0


class Hub:
    """Where sources push to; `wait_for` waits until so many records have come."""

    def __init__(self) -> None:
        self.records: list[Any] = []
        self.told: list[tuple[str, str, str | None]] = []
        self._changed = threading.Condition()

    def push(self, room: str, record: Any) -> None:
        if record == "bad":
            raise ValueRefusedError("field 'x' can't be sent")
        with self._changed:
            self.records.append(record)
            self._changed.notify_all()

    def tell_failing(self, room: str, source: str, error: str | None) -> None:
        self.told.append((room, source, error))

    def wait_for(self, count: int) -> list[Any]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.records) >= count, LIMIT_S), self.records
            return list(self.records)


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    yield
    stop_all()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SOURCE_BACKOFF_FIRST_S", 0.001)


def started(hub: Hub, function: Any, every_s: float = 0.001, name: str = "read") -> Source:
    source = Source(hub.push, hub.tell_failing, function, "room", every_s, name)
    source.start()
    return source


def test_function_runs_at_once_and_then_again_and_again(hub: Hub) -> None:
    source = started(hub, lambda: {"x": 1}, every_s=3600)
    assert hub.wait_for(1) == [{"x": 1}]
    assert source.state().runs == 1
    started(hub, lambda: {"x": 2}, name="other")
    hub.wait_for(5)


def test_one_run_at_a_time(hub: Hub) -> None:
    lock = threading.Lock()

    def run() -> bool:
        alone = lock.acquire(blocking=False)
        if alone:
            lock.release()
        return alone

    started(hub, run)
    assert all(hub.wait_for(20))


def test_none_is_not_pushed(hub: Hub) -> None:
    given = iter([1, None, 2])
    started(hub, lambda: next(given, None))
    assert hub.wait_for(2) == [1, 2]


def test_async_generator_runs_while_the_caller_is_busy(hub: Hub) -> None:
    async def count() -> AsyncIterator[int]:
        for number in range(3):
            await asyncio.sleep(0)
            yield number

    source = started(hub, count, every_s=0.0)
    assert source.wait(LIMIT_S)
    assert (hub.records, source.state().state) == ([0, 1, 2], "ended")
    assert source in running_sources()


def test_error_is_told_and_tried_again_until_it_is_over(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    outcomes = iter([OSError("no sensor"), OSError("no sensor"), {"x": 1}])
    is_well = threading.Event()

    def read() -> Any:
        outcome = next(outcomes, None)
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is None:
            is_well.set()
        return outcome

    with caplog.at_level(logging.ERROR):
        source = started(hub, read)
        hub.wait_for(1)
        assert is_well.wait(LIMIT_S)
    state = source.state()
    assert (state.state, state.failures, state.error) == ("running", 2, "OSError: no sensor")
    assert [record.getMessage() for record in caplog.records] == ["source read of room room failed, and is tried again"]


def test_source_that_fails_says_so(hub: Hub) -> None:
    failed = threading.Event()

    def read() -> None:
        if failed.is_set():
            threading.Event().wait()  # the second run hangs, so that the state can be looked at
        failed.set()
        raise SystemExit("enough")

    source = started(hub, read)
    assert failed.wait(LIMIT_S)
    wait_until(lambda: source.state().failures > 0, LIMIT_S, "a failure")
    assert (source.state().state, source.state().error) == ("failing", "SystemExit: enough")


def test_generator_goes_on_after_a_record_that_can_not_be_pushed(hub: Hub) -> None:
    source = started(hub, lambda: (record for record in (1, "bad", 2)), every_s=0.0)
    assert source.wait(LIMIT_S)
    assert hub.records == [1, 2]
    assert source.state().error == "field 'x' can't be sent"


def test_generator_that_fails_is_started_anew(hub: Hub) -> None:
    def read() -> Iterator[str]:
        yield "begun"
        raise OSError("unplugged")

    started(hub, read, every_s=0.0)
    assert hub.wait_for(2) == ["begun", "begun"]


def test_stopped_source_pushes_nothing_more_and_closes_its_generator(hub: Hub) -> None:
    closed = threading.Event()

    def read() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    source = started(hub, read, every_s=0.0)
    hub.wait_for(1)
    source.stop()
    assert source.wait(LIMIT_S)
    assert closed.is_set()
    assert source.state().state == "stopped"
    assert source not in running_sources()


def test_what_a_run_gives_after_the_stop_is_not_pushed(hub: Hub) -> None:
    running, go_on = threading.Event(), threading.Event()

    def read() -> int:
        running.set()
        go_on.wait(LIMIT_S)
        return 1

    source = started(hub, read)
    assert running.wait(LIMIT_S)
    source.stop()
    go_on.set()
    assert source.wait(LIMIT_S)
    assert hub.records == []


def test_stop_ends_an_async_function_that_waits(hub: Hub) -> None:
    waiting = threading.Event()

    async def read() -> None:
        waiting.set()
        await asyncio.Event().wait()

    source = started(hub, read)
    assert waiting.wait(LIMIT_S)
    source.stop()
    assert source.wait(LIMIT_S)


def test_source_of_the_same_name_and_room_takes_the_place_of_the_former_after_it_has_closed(hub: Hub) -> None:
    events: list[str] = []

    def first() -> Iterator[str]:
        try:
            while True:
                yield "first"
        finally:
            events.append("closed")

    def second() -> Iterator[str]:
        events.append("opened")
        yield "second"

    former = started(hub, first, every_s=0.0)
    hub.wait_for(1)
    source = started(hub, second, every_s=0.0)
    assert source.wait(LIMIT_S)
    assert former.state().state == "stopped"
    assert events == ["closed", "opened"]
    assert hub.records[-1] == "second"
    assert running_sources() == [source]


def test_error_in_the_end_of_a_generator_is_told(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    def read() -> Iterator[int]:
        try:
            yield 1
            yield 1
        finally:
            raise OSError("port stuck")

    source = started(hub, read, every_s=3600)
    hub.wait_for(1)
    source.stop()
    assert source.wait(LIMIT_S)
    assert source.state().error == "OSError: port stuck"
    assert "failed to close" in caplog.text


def test_failure_is_told_once_while_it_is_the_same_and_once_when_it_is_over(hub: Hub) -> None:
    outcomes = iter(["one", "one", "two", None, None])

    def read() -> dict[str, int]:
        outcome = next(outcomes, None)
        if outcome is not None:
            raise OSError(outcome)
        return {"x": 1}

    started(hub, read)
    hub.wait_for(3)
    assert hub.told == [
        ("room", "read", "OSError: one"),
        ("room", "read", "OSError: two"),
        ("room", "read", None),
    ]


def test_stopped_source_is_not_told_as_failing_any_more(hub: Hub) -> None:
    def read() -> None:
        raise OSError("no disk")

    source = started(hub, read)
    wait_until(lambda: bool(hub.told), LIMIT_S, "the failure was told")
    source.stop()
    assert hub.told == [("room", "read", "OSError: no disk"), ("room", "read", None)]
