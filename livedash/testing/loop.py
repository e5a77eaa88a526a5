"""An event loop that is turned by hand, at the time of a manual clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livedash.testing.clock import ManualClock


class Call:
    """What a loop is asked to do, and when."""

    def __init__(self, when_s: float, function: Callable[[], Any]) -> None:
        self.when_s, self.function, self.is_cancelled = when_s, function, False

    def cancel(self) -> None:
        self.is_cancelled = True


class ManualLoop:
    """Fulfils livedash.transports.contract.Loop. What it calls may move the clock, as work that takes its time does."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self._soon: list[Call] = []
        self._timers: list[Call] = []

    def time(self) -> float:
        return self.clock.now_s()

    def call_soon(self, callback: Callable[[], Any], /) -> Call:
        self._soon.append(Call(self.time(), callback))
        return self._soon[-1]

    def call_later(self, delay: float, callback: Callable[[], Any], /) -> Call:
        return self.call_at(self.time() + delay, callback)

    def call_at(self, when: float, callback: Callable[[], Any], /) -> Call:
        self._timers.append(Call(when, callback))
        return self._timers[-1]

    @property
    def timers(self) -> list[float]:
        """When the timers that count are due."""
        return sorted(timer.when_s for timer in self._timers if not timer.is_cancelled)

    @property
    def is_idle(self) -> bool:
        """True if there is nothing left for this moment."""
        return all(call.is_cancelled for call in self._soon)

    def turn(self) -> None:
        """One turn: what was asked for soon before it began."""
        soon, self._soon = self._soon, []
        for call in soon:
            if not call.is_cancelled:
                call.function()

    def settle(self, most_turns: int = 1000) -> None:
        """Turns until it is idle."""
        for _ in range(most_turns):
            if self.is_idle:
                return
            self.turn()
        raise AssertionError(f"the loop is not idle after {most_turns} turns")

    def advance(self, seconds: float) -> None:
        """Moves the time, timer by timer, and settles at each."""
        end_s = self.time() + seconds
        self.settle()
        while self.fire_next_timer(end_s):
            self.settle()
        self.clock.advance(max(0.0, end_s - self.time()))

    def fire_next_timer(self, until_s: float = float("inf")) -> bool:
        """Moves the time to the next timer and calls it, without a turn. False if none is due until then."""
        self._timers = [timer for timer in self._timers if not timer.is_cancelled]
        due = min(self._timers, key=lambda timer: timer.when_s, default=None)
        if due is None or due.when_s > until_s:
            return False
        self._timers.remove(due)
        self.clock.advance(max(0.0, due.when_s - self.time()))
        due.function()
        return True
