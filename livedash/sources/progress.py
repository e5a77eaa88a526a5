"""`ld.track`: how far a loop is, pushed a few times a second."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from livedash.clock import monotonic_s
from livedash.sources.contract import Push

T = TypeVar("T")
_PERIOD_S: Final = 0.2  # what an eye can follow
_UNKNOWN: Final = -1


def tracked(
    push: Push, iterable: Iterable[T], room: str, total: int | None, now_s: Callable[[], float] = monotonic_s
) -> Iterator[T]:
    """Records have n, rate (items a second) and elapsed_s; where the total is known also total, percent and eta_s.

    The last record is pushed however the loop ends.
    """
    count = operator.length_hint(iterable, _UNKNOWN) if total is None else total
    begun_s, told_s, n = now_s(), float("-inf"), 0
    try:
        for item in iterable:
            yield item
            n += 1
            if now_s() - told_s >= _PERIOD_S:
                told_s = now_s()
                push(room, progress(n, count, told_s - begun_s))
    finally:
        push(room, progress(n, count, now_s() - begun_s))


def progress(n: int, total: int, elapsed_s: float) -> dict[str, float | int]:
    """`total` below 0: it is not known."""
    rate = n / elapsed_s if elapsed_s > 0 else 0.0
    record: dict[str, float | int] = {"n": n, "rate": rate, "elapsed_s": elapsed_s}
    if total > 0:
        record |= {"total": total, "percent": 100 * n / total}
        if rate:
            record["eta_s"] = max(0.0, (total - n) / rate)
    return record
