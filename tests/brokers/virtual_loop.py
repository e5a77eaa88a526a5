"""An event loop whose time is made up: where nothing is left to do, it is the next timer's time at once."""

from __future__ import annotations

import asyncio
import selectors

from livedash.testing.clock import ManualClock


class VirtualLoop(asyncio.SelectorEventLoop):
    """For stories without a socket: they take no time, and the same one is told each time."""

    def __init__(self) -> None:
        self.clock = ManualClock(1000.0)
        super().__init__(_NoWait(self.clock))

    def time(self) -> float:
        return self.clock.now_s()


class _NoWait(selectors.DefaultSelector):
    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "nothing is left to do and no timer runs: somebody waits for ever"
        self._clock.advance(max(0.0, timeout))
        return super().select(0)
