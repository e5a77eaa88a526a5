"""`ld.track`: how far a loop is, pushed a few times a second."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from livedash.clock import monotonic_s
from livedash.sources.contract import Push

T = TypeVar("T")
_PERIOD_S = 0.2


def tracked(push: Push, iterable: Iterable[T], room: str, total: int | None) -> Iterator[T]:
    """Records have n, total, percent, rate (items a second), elapsed_s and eta_s, as far as they are known."""
    count = total if total is not None else _length(iterable)
    begun_s, told_s, n = monotonic_s(), float("-inf"), 0
    for item in iterable:
        yield item
        n += 1
        now_s = monotonic_s()
        if now_s - told_s >= _PERIOD_S:
            told_s = now_s
            push(room, progress(n, count, now_s - begun_s))
    push(room, progress(n, count, monotonic_s() - begun_s))


def progress(n: int, total: int | None, elapsed_s: float) -> dict[str, float | int]:
    rate = n / elapsed_s if elapsed_s > 0 else 0.0
    record: dict[str, float | int] = {"n": n, "rate": rate, "elapsed_s": elapsed_s}
    if total:
        record |= {"total": total, "percent": 100 * n / total}
        if rate:
            record["eta_s"] = max(0.0, (total - n) / rate)
    return record


def _length(iterable: Iterable[T]) -> int | None:
    try:
        return len(iterable)  # type: ignore[arg-type]  # what has no length raises TypeError
    except TypeError:
        return None
