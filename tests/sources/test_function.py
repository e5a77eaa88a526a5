from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from livedash.errors import SettingRefusedError
from livedash.sources.function import name_of, source_decorator
from livedash.sources.running import running_sources, stop_all
from tests.end_to_end.processes import wait_until

LIMIT_S = 10.0


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    yield
    stop_all()


def ignore(room: str, record: Any) -> None:
    """A push into nothing."""


def untold(room: str, source: str, error: str | None) -> None:
    """Nobody hears of its failures."""


def test_decorated_function_runs_and_can_still_be_called() -> None:
    pushed = threading.Event()

    @source_decorator(lambda room, record: pushed.set(), untold, "cpu", "1h")
    def read() -> int:
        """The load."""
        return 3

    assert pushed.wait(LIMIT_S)
    assert read() == 3
    assert (read.room, read.__name__, read.__doc__) == ("cpu", "read", "The load.")
    assert read.state.state == "running"
    assert "read -> cpu: running" in repr(read)
    read.stop()
    assert read.wait(LIMIT_S)
    assert "stopped" in repr(read)


def test_generator_needs_no_period_and_ends_with_its_last_record() -> None:
    records: list[Any] = []

    @source_decorator(lambda room, record: records.append((room, record)), untold, "count", None)
    def count() -> Iterator[int]:
        yield from range(3)

    assert count.wait(LIMIT_S)
    assert records == [("count", 0), ("count", 1), ("count", 2)]
    assert count.state.state == "ended"


def test_repr_of_a_failing_source_has_its_error() -> None:
    failed = threading.Event()

    @source_decorator(ignore, untold, "cpu", 3600)
    def read() -> None:
        failed.set()
        raise OSError("no sensor")

    assert failed.wait(LIMIT_S)
    wait_until(lambda: read.state.failures > 0, LIMIT_S, "a failure")
    assert "1 failed; last error: OSError: no sensor" in repr(read)


def test_function_without_a_period_is_refused() -> None:
    with pytest.raises(SettingRefusedError, match="every='2s'"):
        source_decorator(ignore, untold, "cpu", None)(lambda: 1)


def test_function_that_needs_arguments_is_refused() -> None:
    def read(sensor: str) -> str:
        return sensor

    with pytest.raises(SettingRefusedError, match="sensor"):
        source_decorator(ignore, untold, "cpu", "1s")(read)  # type: ignore[arg-type]


@pytest.mark.parametrize("every", ["soon", 0, -1, "0s"])
def test_period_that_is_none_is_refused(every: Any) -> None:
    with pytest.raises(SettingRefusedError, match="duration"):
        source_decorator(ignore, untold, "cpu", every)


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(SettingRefusedError, match="above a def"):
        source_decorator(ignore, untold, "cpu", "1s")("read")  # type: ignore[arg-type]


def test_refused_source_is_not_started() -> None:
    assert running_sources() == []


def test_name_is_the_qualified_one_and_the_notebook_s_own_module_goes_without_saying() -> None:
    assert name_of(name_of).endswith("function.name_of")

    def read() -> None: ...

    read.__module__ = "__main__"
    read.__qualname__ = "read"
    assert name_of(read) == "read"
