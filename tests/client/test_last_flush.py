from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from livedash import limits
from livedash.client import last_flush
from livedash.client.last_flush import LastFlush
from livedash.testing.clock import ManualClock

NO_HUB = "livedash: no hub was named, so 5 records end with this process; "


class Ending:
    """A publisher whose hub has all but `left` records, and takes its whole time to find that out."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.left = 0
        self.pushed = 5
        self.limits_s: list[float] = []
        self.interrupts = 0

    def end(self, timeout_s: float) -> int:
        self.limits_s.append(timeout_s)
        if self.interrupts:
            self.interrupts -= 1
            raise KeyboardInterrupt
        if self.left:
            self.clock.advance(timeout_s)
        return self.left

    def statistics(self) -> Any:
        return SimpleNamespace(reason=None, rooms=[SimpleNamespace(pushed=self.pushed)])


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Ending:
    clock = ManualClock()
    monkeypatch.setattr(last_flush, "monotonic_s", clock.now_s)
    return Ending(clock)


def flush_of(publisher: Any, *, is_kernel: bool = False, is_hub_inside: bool = False) -> LastFlush:
    return LastFlush(publisher, is_kernel=lambda: is_kernel, is_hub_inside=lambda: is_hub_inside)


@pytest.mark.parametrize(
    ("is_kernel", "limit_s"), [(True, limits.FLUSH_AT_EXIT_KERNEL_S), (False, limits.FLUSH_AT_EXIT_SCRIPT_S)]
)
def test_kernel_waits_less_than_a_script(
    publisher: Ending, capfd: pytest.CaptureFixture[str], is_kernel: bool, limit_s: float
) -> None:
    flush_of(publisher, is_kernel=is_kernel).run()
    assert publisher.limits_s == [limit_s]
    assert capfd.readouterr().err == ""


def test_all_flushes_of_an_exit_share_one_time_and_loss_is_told_once(
    publisher: Ending, capsys: pytest.CaptureFixture[str]
) -> None:
    flush = flush_of(publisher)
    publisher.clock.advance(5)
    flush.run()
    publisher.clock.advance(10)
    publisher.left = 3
    flush.run()
    flush.run()
    whole_s = limits.FLUSH_AT_EXIT_SCRIPT_S
    assert publisher.limits_s == [whole_s, whole_s - 10, 0.0]
    told = "livedash: 3 records were not delivered: the hub did not acknowledge them in time\n"
    assert capsys.readouterr().err == told


def test_interrupt_ends_the_wait_for_good(publisher: Ending, capsys: pytest.CaptureFixture[str]) -> None:
    flush = flush_of(publisher)
    publisher.left, publisher.interrupts = 2, 1
    flush.run()
    flush.run()
    assert publisher.limits_s == [limits.FLUSH_AT_EXIT_SCRIPT_S, 0.0, 0.0]
    assert "2 records were not delivered" in capsys.readouterr().err


def test_records_of_a_hub_that_ends_with_the_script_are_told_with_the_way_out(
    publisher: Ending, capsys: pytest.CaptureFixture[str]
) -> None:
    flush = flush_of(publisher, is_hub_inside=True)
    flush.run()
    flush.run()
    told = capsys.readouterr().err
    assert told.startswith(NO_HUB)
    assert "livedash serve" in told
    assert told.count("\n") == 1


def test_nothing_is_told_where_nothing_was_pushed(publisher: Ending, capsys: pytest.CaptureFixture[str]) -> None:
    publisher.pushed = 0
    flush_of(publisher, is_hub_inside=True).run()
    assert capsys.readouterr().err == ""


def test_child_of_a_kernel_is_a_script_with_a_time_of_its_own(
    publisher: Ending, capsys: pytest.CaptureFixture[str]
) -> None:
    flush = flush_of(publisher, is_kernel=True, is_hub_inside=True)
    flush.run()
    assert capsys.readouterr().err == ""  # its panels have them
    publisher.clock.advance(100)
    flush.begin_child()
    flush.run()
    assert publisher.limits_s == [limits.FLUSH_AT_EXIT_KERNEL_S, limits.FLUSH_AT_EXIT_SCRIPT_S]
    assert capsys.readouterr().err.startswith(NO_HUB)


def test_process_without_a_stderr_ends_all_the_same(publisher: Ending, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    publisher.left = 1
    flush_of(publisher).run()


@pytest.mark.parametrize(("parent", "finalizers"), [(None, 0), (object(), 1)], ids=["parent", "child"])
def test_child_of_multiprocessing_is_flushed_after_all_other_finalizers(
    publisher: Ending, monkeypatch: pytest.MonkeyPatch, parent: object, finalizers: int
) -> None:
    registered: list[tuple[object, int]] = []
    process = SimpleNamespace(parent_process=lambda: parent)
    util = SimpleNamespace(Finalize=lambda _, function, exitpriority: registered.append((function, exitpriority)))
    monkeypatch.setitem(sys.modules, "multiprocessing.process", process)
    monkeypatch.setitem(sys.modules, "multiprocessing.util", util)
    flush = flush_of(publisher)
    flush.begin_process()
    assert [function for function, _ in registered] == [flush.run] * finalizers
    assert all(priority < 0 for _, priority in registered)


def test_process_that_never_imported_multiprocessing_is_none_of_its_children(
    publisher: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "multiprocessing.process", raising=False)
    monkeypatch.delitem(sys.modules, "multiprocessing.util", raising=False)
    flush_of(publisher).begin_process()
    assert "multiprocessing.util" not in sys.modules
