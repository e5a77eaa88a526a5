"""An event loop's calls without an event loop: they run when they are told to, at the time of a manual clock."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable
from typing import Any

from livedash.testing.clock import ManualClock


class Call:
    """What a loop is asked to do."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._function = function
        self._arguments = arguments
        self._is_cancelled = False

    def cancel(self) -> None:
        self._is_cancelled = True

    def run(self) -> None:
        if not self._is_cancelled:
            self._function(*self._arguments)


class ManualLoop:
    """Fulfils livedash.transports.contract.Loop."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._soon: deque[Call] = deque()
        self._later: list[tuple[float, int, Call]] = []
        self._serial = itertools.count()

    def time(self) -> float:
        return self._clock.now_s()

    def call_soon(self, callback: Callable[..., Any], *arguments: Any) -> Call:
        call = Call(callback, arguments)
        self._soon.append(call)
        return call

    def call_later(self, delay: float, callback: Callable[..., Any], *arguments: Any) -> Call:
        return self.call_at(self.time() + delay, callback, *arguments)

    def call_at(self, when: float, callback: Callable[..., Any], *arguments: Any) -> Call:
        call = Call(callback, arguments)
        heapq.heappush(self._later, (when, next(self._serial), call))
        return call

    def run_soon(self) -> None:
        """All that is to be done now, and what that leads to."""
        while self._soon:
            self._soon.popleft().run()

    def advance(self, seconds: float) -> None:
        """Moves the clock, and runs what falls due on the way, each at its time."""
        end_s = self.time() + seconds
        self.run_soon()
        while self._later and self._later[0][0] <= end_s:
            when_s, _, call = heapq.heappop(self._later)
            self._clock.advance(max(0.0, when_s - self.time()))
            call.run()
            self.run_soon()
        self._clock.advance(max(0.0, end_s - self.time()))
