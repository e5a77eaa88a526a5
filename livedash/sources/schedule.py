"""When a source takes its turns: on a grid of due times, without drift; no clock here."""

from __future__ import annotations


class Schedule:
    """A slow run skips turns, and never shifts those that follow. `every_s` 0: each turn is due at once."""

    def __init__(self, every_s: float, now_s: float) -> None:
        self._every_s = every_s
        self._start_s = now_s
        self._turn = 0

    def wait_s(self, now_s: float) -> float:
        """Until the next turn, which becomes the present one."""
        if self._every_s == 0:
            return 0.0
        self._turn = max(self._turn + 1, int((now_s - self._start_s) / self._every_s) + 1)
        return max(0.0, self._start_s + self._turn * self._every_s - now_s)
