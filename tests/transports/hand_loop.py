"""An event loop that is turned by hand, and whose time moves only when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class Handle:
    def __init__(self, when_s: float, callback: Callable[[], None]) -> None:
        self.when_s, self.callback, self.is_cancelled = when_s, callback, False

    def cancel(self) -> None:
        self.is_cancelled = True


class HandLoop(asyncio.AbstractEventLoop):
    """What the transports use of a loop: `time`, `call_soon`, `call_later` and `call_at`, without arguments for the callbacks."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self._soon: list[Handle] = []
        self._timers: list[Handle] = []

    def time(self) -> float:
        return self.now_s

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Any = None) -> Any:
        self._soon.append(Handle(self.now_s, callback))
        return self._soon[-1]

    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any, context: Any = None) -> Any:
        return self.call_at(self.now_s + delay, callback)

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any, context: Any = None) -> Any:
        self._timers.append(Handle(when, callback))
        return self._timers[-1]

    @property
    def timers(self) -> list[float]:
        """When the timers that count are due."""
        return sorted(timer.when_s for timer in self._timers if not timer.is_cancelled)

    @property
    def is_idle(self) -> bool:
        return not any(not handle.is_cancelled for handle in self._soon)

    def turn(self) -> None:
        """One turn: what was asked for soon before it began."""
        soon, self._soon = self._soon, []
        for handle in soon:
            if not handle.is_cancelled:
                handle.callback()

    def settle(self, most_turns: int = 1000) -> None:
        """Turns until there is nothing left for this moment."""
        for _ in range(most_turns):
            if self.is_idle:
                return
            self.turn()
        raise AssertionError(f"the loop is not idle after {most_turns} turns")

    def advance(self, seconds: float) -> None:
        """Moves the time, timer by timer, and settles at each."""
        end_s = self.now_s + seconds
        self.settle()
        while (due := self._next_timer(end_s)) is not None:
            self._timers.remove(due)
            self.now_s = max(self.now_s, due.when_s)
            due.callback()
            self.settle()
        self.now_s = max(self.now_s, end_s)

    def _next_timer(self, end_s: float) -> Handle | None:
        self._timers = [timer for timer in self._timers if not timer.is_cancelled]
        due = [timer for timer in self._timers if timer.when_s <= end_s]
        return min(due, key=lambda timer: timer.when_s, default=None)

    def fire_next_timer(self) -> None:
        """Moves the time to the next timer and calls it, without a turn."""
        due = self._next_timer(float("inf"))
        assert due is not None, "there is a timer"
        self._timers.remove(due)
        self.now_s = max(self.now_s, due.when_s)
        due.callback()
