"""A table, pushed row by row at the pace of its own time column."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from livedash.client.process import PROCESS
from livedash.clock import monotonic_s, now_us, sleep_s
from livedash.errors import SettingRefusedError
from livedash.sources.function import FunctionSource, start
from livedash.wire.batch import Batch
from livedash.wire.column import NAT, Column, unpack
from livedash.wire.frames import batches_of_frame
from livedash.wire.names import checked_room

_LONGEST_WAIT_S: Final = 0.25  # between two looks at the stop flag
_UNITS_PER_S: Final = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def replay(frame: Any, time: str, speed: float = 1.0, *, room: str = "replay", loop: bool = False) -> FunctionSource:
    """Replays a DataFrame by `time`, a column of datetimes or of seconds, `speed` times as fast as it was.

    Rows are pushed in the order of their times; with `loop` it begins again after the last one. Raises
    SettingRefusedError for a column that is not there, holds no times, or lacks some.
    """
    if not speed > 0:
        raise SettingRefusedError(f"speed={speed} would never end; 1 is the real pace, 10 ten times as fast")
    name = checked_room(room)
    seconds, rows = in_time_order(frame, time)

    def spans() -> Iterator[tuple[int, int] | None]:
        return paced(seconds, speed, loop=loop)

    def push_rows(room: str, span: tuple[int, int]) -> None:
        batch = rows.slice(*span)
        times = now_us().to_bytes(8, "little", signed=True) * batch.count
        PROCESS.publisher.push_batches(room, [Batch(batch.count, times, batch.columns)])

    return start(push_rows, PROCESS.publisher.tell_failing, spans, name, 0.0, f"replay.{name}")


def in_time_order(frame: Any, time: str) -> tuple[list[float], Batch]:
    """The seconds of each row, and the rows, the earliest first. Rows of the same time keep their order."""
    batches = list(batches_of_frame(frame, 0))
    if not batches:
        raise SettingRefusedError("the frame has no row to replay")
    rows = Batch.concat(batches)
    column = rows.columns.get(time)
    if column is None:
        raise SettingRefusedError(f"the frame has no column {time!r}; its columns are: {', '.join(rows.columns)}")
    seconds = _seconds(column, time)
    order = sorted(range(rows.count), key=seconds.__getitem__)
    return sorted(seconds), rows if order == list(range(rows.count)) else rows.take(order)


def _seconds(column: Column, time: str) -> list[float]:
    if column.type not in ("time", "f8", "i8"):
        raise SettingRefusedError(
            f"column {time!r} holds {column.type} values: give a datetime column, or one of seconds"
        )
    numbers = unpack(column.code or "q", column.packed)
    if column.absent or any(number == NAT or math.isnan(number) for number in numbers):
        raise SettingRefusedError(
            f"column {time!r} has rows without a time; drop them first: df.dropna(subset=[{time!r}])"
        )
    per_second = _UNITS_PER_S[column.unit or "us"] if column.type == "time" else 1
    return [number / per_second for number in numbers]


def paced(
    seconds: Sequence[float],
    speed: float,
    *,
    loop: bool,
    now_s: Callable[[], float] = monotonic_s,
    wait: Callable[[float], None] = sleep_s,
) -> Iterator[tuple[int, int] | None]:
    """Gives (start, stop) of the rows that have become due, and None after a wait in which none did."""
    while True:
        begun_s, place = now_s(), 0
        while place < len(seconds):
            reached_s = seconds[0] + (now_s() - begun_s) * speed
            due = bisect_right(seconds, reached_s, lo=place)
            if due > place:
                yield place, due
                place = due
            else:
                wait(min(_LONGEST_WAIT_S, (seconds[place] - reached_s) / speed))
                yield None
        if not loop:
            return
        wait(_LONGEST_WAIT_S)  # a table of one moment, again and again, would be as fast as it can
