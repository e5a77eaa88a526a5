from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from livedash.sources.progress import progress, tracked


class Pushed:
    """A clock that moves a tenth of a second a look, and what was pushed."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self._now_s = 0.0

    def push(self, room: str, record: Any) -> None:
        self.records.append(record)

    def now_s(self) -> float:
        self._now_s += 0.1
        return self._now_s

    def track(self, iterable: Any, total: int | None = None) -> Iterator[Any]:
        return tracked(self.push, iterable, "room", total, self.now_s)


def test_items_pass_and_the_last_record_says_that_all_are_done() -> None:
    pushed = Pushed()
    assert list(pushed.track(range(100))) == list(range(100))
    last = pushed.records[-1]
    assert (last["n"], last["total"], last["percent"], last["eta_s"]) == (100, 100, 100, 0)


def test_records_are_pushed_a_few_times_a_second_only() -> None:
    pushed = Pushed()
    list(pushed.track(range(1000)))
    assert len(pushed.records) < 1000
    elapsed = [record["elapsed_s"] for record in pushed.records]
    assert min(after - before for before, after in pairwise(elapsed[:-1])) >= 0.2


def test_loop_that_is_left_early_or_fails_tells_how_far_it_came() -> None:
    pushed = Pushed()
    steps = pushed.track(range(10))
    next(steps)
    next(steps)
    steps.close()  # type: ignore[attr-defined]  # a generator, as a for loop that breaks drops it
    assert pushed.records[-1]["n"] == 1


def test_without_a_length_there_is_neither_total_nor_eta() -> None:
    pushed = Pushed()
    list(pushed.track(number for number in range(3)))
    assert set(pushed.records[-1]) == {"n", "rate", "elapsed_s"}
    list(pushed.track((number for number in range(3)), total=4))
    assert pushed.records[-1]["percent"] == 75


def test_empty_loop_is_done_at_once() -> None:
    pushed = Pushed()
    assert list(pushed.track([])) == []
    assert pushed.records[-1]["n"] == 0


def test_rate_and_eta_are_of_the_whole_loop() -> None:
    assert progress(50, 200, 10.0) == {
        "n": 50,
        "rate": 5.0,
        "elapsed_s": 10.0,
        "total": 200,
        "percent": 25.0,
        "eta_s": pytest.approx(30.0),
    }
    assert progress(0, 10, 0.0)["rate"] == 0.0
