from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import polars as pl
import pytest

from livedash import api
from livedash.errors import SettingRefusedError
from livedash.sources.replay import in_time_order, paced, replay
from livedash.sources.running import stop_all

LIMIT_S = 10.0


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    yield
    stop_all()


class Clock:
    """Moves by what is waited for."""

    def __init__(self) -> None:
        self.now = 50.0
        self.waits: list[float] = []

    def now_s(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def pace(self, seconds: list[float], speed: float, *, loop: bool = False) -> Iterator[tuple[int, int] | None]:
        return paced(seconds, speed, loop=loop, now_s=self.now_s, wait=self.wait)


def test_rows_come_when_they_are_due() -> None:
    clock = Clock()
    came = [(span, round(clock.now - 50, 3)) for span in clock.pace([10, 10, 11, 13.5], speed=10) if span]
    assert came == [((0, 2), 0.0), ((2, 3), 0.1), ((3, 4), 0.35)]


def test_no_wait_is_long_so_that_a_stop_is_heard() -> None:
    clock = Clock()
    spans = list(clock.pace([0, 100], speed=1))
    assert max(clock.waits) <= 0.25
    assert None in spans


def test_rows_that_are_late_come_together() -> None:
    clock = Clock()
    spans = clock.pace([0, 1, 2, 3, 9], speed=1)
    assert next(spans) == (0, 1)
    clock.now += 3
    assert next(spans) == (1, 4)


def test_loop_begins_again_and_never_spins() -> None:
    clock = Clock()
    spans = clock.pace([5.0], speed=1, loop=True)
    assert [next(spans), next(spans)] == [(0, 1), (0, 1)]
    assert clock.waits


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_rows_are_sorted_by_their_time_and_those_of_one_time_keep_their_order(library: Any) -> None:
    frame = library.DataFrame({"t": [2, 1, 2, 1], "name": ["c", "a", "d", "b"]})
    seconds, rows = in_time_order(frame, "t")
    assert seconds == [1, 1, 2, 2]
    assert [record["name"] for record in rows.records()] == ["a", "b", "c", "d"]


def test_datetimes_are_taken_in_their_unit_and_stay_what_they_are() -> None:
    times = pd.date_range("2026-01-01", periods=3, freq="500ms", tz="Europe/Berlin").as_unit("ns")
    seconds, rows = in_time_order(pd.DataFrame({"t": times[::-1]}), "t")
    assert [moment - seconds[0] for moment in seconds] == pytest.approx([0, 0.5, 1.0])
    assert (rows.columns["t"].type, rows.columns["t"].unit, rows.columns["t"].tz) == ("time", "ns", "Europe/Berlin")


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"x": [1]}), "no column 't'"),
        (pd.DataFrame({"t": ["monday"]}), "holds str"),
        (pd.DataFrame({"t": [1.0, None]}), "without a time"),
        (pd.DataFrame({"t": pd.to_datetime(["2026-01-01", None])}), "without a time"),
        (pd.DataFrame({"t": pd.array([1, None], dtype="Int64")}), "without a time"),
        (pd.DataFrame({"t": []}), "no row"),
    ],
)
def test_frame_without_a_time_for_each_row_is_refused(frame: Any, words: str) -> None:
    with pytest.raises(SettingRefusedError, match=words):
        in_time_order(frame, "t")


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_speed_that_never_ends_is_refused(speed: float) -> None:
    with pytest.raises(SettingRefusedError, match="speed"):
        replay(pd.DataFrame({"t": [1]}), "t", speed)


def test_replayed_table_comes_back_from_its_room() -> None:
    room = api.room("replay_test")
    frame = pd.DataFrame({"t": pd.date_range("2026-01-01", periods=100, freq="s"), "price": range(100)})
    source = replay(frame, "t", 1e6, room=room.name)
    assert source.wait(LIMIT_S)
    assert source.state.error is None
    pd.testing.assert_frame_equal(room.to_pandas(), frame)
