"""The one place that asks the system for the time; everything else takes it as an argument."""

from __future__ import annotations

import time

monotonic_s = time.monotonic
now_ns = time.time_ns  # since 1970 UTC: for stamps in a caller's hot path


def now_us() -> int:
    """Microseconds since 1970 UTC, as records are stamped (below 2^53)."""
    return time.time_ns() // 1000


def now_s() -> float:
    """Seconds since 1970 UTC."""
    return time.time()


def sleep_s(seconds: float) -> None:
    """Blocks the calling thread."""
    time.sleep(seconds)
