"""How long to wait before the next attempt: exponential, with full jitter; who waits is somebody else.

Full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015) spreads those who lost the same
hub at the same moment over the whole interval.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from livedash import limits

JITTER: Final = random.SystemRandom().random  # not the module's own: a user's seeded numbers must not move by us
_GROWTH = 2.0
_MAX_DOUBLINGS = 32  # beyond it the bound has long been reached, and the power would only overflow


def bounded_s(asked_s: float) -> float:
    """A wait that a hub asked for, as long as there are timers for it."""
    return max(0.0, min(asked_s, limits.ASKED_WAIT_MAX_MS / 1000))


class Backoff:
    """`random` gives numbers in [0, 1)."""

    __slots__ = ("_first_s", "_max_s", "_random", "attempts")

    def __init__(
        self,
        random: Callable[[], float],
        *,
        first_s: float = limits.BACKOFF_FIRST_S,
        max_s: float = limits.BACKOFF_MAX_S,
    ) -> None:
        self._random = random
        self._first_s = first_s
        self._max_s = max_s
        self.attempts = 0

    def next_s(self) -> float:
        """The wait before the next attempt; its bound doubles with each."""
        bound_s = min(self._max_s, self._first_s * _GROWTH ** min(self.attempts, _MAX_DOUBLINGS))
        self.attempts += 1
        return self._random() * bound_s

    def spread_s(self, asked_s: float) -> float:
        """A wait that a hub asked for, so spread that those it asked do not come back together.

        By a second at most: a hub that asks for a long wait has spread it by itself.
        """
        asked_s = bounded_s(asked_s)
        return asked_s + self._random() * min(asked_s / 2, limits.RETRY_SPREAD_S)

    def reset(self) -> None:
        """An attempt succeeded."""
        self.attempts = 0
