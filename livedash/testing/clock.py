"""A clock that stands still until it is moved."""

from __future__ import annotations

_MICROSECONDS = 1_000_000


class ManualClock:
    """Give `now_s` and `now_us` to what asks for the time; both tell the same one."""

    def __init__(self, now_s: float = 1_000_000.0) -> None:
        self._now_s = now_s

    def now_s(self) -> float:
        return self._now_s

    def now_us(self) -> int:
        return round(self._now_s * _MICROSECONDS)

    def advance(self, seconds: float) -> None:
        """Never back: monotonic clocks do not go there."""
        assert seconds >= 0
        self._now_s += seconds
