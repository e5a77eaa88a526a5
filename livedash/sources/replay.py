"""A table, pushed row by row at the pace of its own time column."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

from livedash.client.push import push
from livedash.clock import monotonic_s, now_us
from livedash.errors import SettingRefusedError
from livedash.sources.function import FunctionSource, start
from livedash.wire.batch import Batch
from livedash.wire.frames import batches_of_frame
from livedash.wire.names import checked_room

_LONGEST_WAIT_S = 0.25  # between two looks at the stop flag
_UNITS_PER_S = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def replay(
    frame: Any, time: str, speed: float = 1.0, *, room: str = "replay", loop: bool = False
) -> FunctionSource:
    """Replays a DataFrame by `time`, a datetime column or one of seconds, `speed` times as fast as it was.

    Rows are pushed in the order of their times. Raises SettingRefusedError for a column that is none or holds no times.
    """
    if speed <= 0:
        raise SettingRefusedError(f"speed={speed} would never end; 1 is the real pace, 10 ten times as fast")
    batch = Batch.concat(list(batches_of_frame(frame, now_us())))
    rows = in_time_order(batch, time)
    return start(push, lambda: paced(rows, speed, loop), checked_room(room), 0.0, f"replay.{room}")


def in_time_order(batch: Batch, time: str) -> list[tuple[float, dict[str, Any]]]:
    """(seconds, record) of each row, the earliest first."""
    column = batch.columns.get(time)
    if column is None:
        raise SettingRefusedError(f"the frame has no column {time!r}; its columns are: {', '.join(batch.columns)}")
    if column.absent or column.type not in ("time", "f8", "i8"):
        raise SettingRefusedError(f"column {time!r} is of type {column.type}: give a datetime column, or one of seconds")
    if column.type == "time":
        import array

        numbers = array.array("q", column.values)
        seconds = [number / _UNITS_PER_S[column.unit or "us"] for number in numbers]
    else:
        seconds = [float(value) for value in column.python_values()]
    records = [_with_times(record) for record in batch.records()]
    return sorted(zip(seconds, records, strict=True), key=lambda row: row[0])


def _with_times(record: dict[str, Any]) -> dict[str, Any]:
    return {name: _time_of(value) for name, value in record.items()}


def _time_of(value: Any) -> Any:
    """ISO texts of a time column are times again, so that the room has a time column too."""
    if isinstance(value, str) and len(value) >= len("2026-01-01T00:00:00") and value[10:11] == "T":
        try:
            return dt.datetime.fromisoformat(value)
        except ValueError:
            return value
    return value


def paced(
    rows: list[tuple[float, dict[str, Any]]], speed: float, loop: bool, now_s: Callable[[], float] = monotonic_s
) -> Iterator[dict[str, Any] | list[dict[str, Any]] | None]:
    """Gives all rows that are due, again and again; None while none is."""
    from livedash.clock import sleep_s

    while rows:
        begun_s, first_s, place = now_s(), rows[0][0], 0
        while place < len(rows):
            passed_s = (now_s() - begun_s) * speed
            start_place = place
            while place < len(rows) and rows[place][0] - first_s <= passed_s:
                place += 1
            if place > start_place:
                yield [record for _, record in rows[start_place:place]]
            else:
                sleep_s(min(_LONGEST_WAIT_S, (rows[place][0] - first_s - passed_s) / speed))
                yield None
        if not loop:
            return


