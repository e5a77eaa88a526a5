"""One source in the background: its thread, its schedule without drift, its backoff, and the list of all that run."""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from livedash import limits
from livedash.client.backoff import Backoff
from livedash.clock import monotonic_s
from livedash.errors import LivedashError
from livedash.sources.contract import Push, SourceStatistics

log = logging.getLogger("livedash.sources")
_RUNNING: dict[tuple[str, str], Source] = {}
_LOCK = threading.Lock()


class Schedule:
    """Due times on a fixed grid: a slow run skips turns, and never shifts those that follow. `every_s` 0: at once."""

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


class Source:
    """Runs `function` again and again in a thread of its own, and pushes what it gives.

    A generator is started once and gives a record a turn; when it is exhausted the source has ended. Async ones run in an
    event loop of the thread's own, so that neither a busy cell nor another source holds them up.
    """

    def __init__(self, push: Push, function: Callable[[], Any], room: str, every_s: float, name: str) -> None:
        self._push = push
        self._function = function
        self._every_s = every_s
        self.room = room
        self.name = name
        self._stop = threading.Event()
        self._state = "running"
        self._runs = 0
        self._failures = 0
        self._error: str | None = None
        self._backoff = Backoff(random.random, first_s=limits.SOURCE_BACKOFF_FIRST_S, max_s=limits.SOURCE_BACKOFF_MAX_S)
        self._thread = threading.Thread(target=self._run, name=f"livedash source {name}", daemon=True)

    def start(self) -> None:
        """Takes the place of a source of the same name and room: the cell ran again."""
        with _LOCK:
            former = _RUNNING.pop((self.name, self.room), None)
            _RUNNING[self.name, self.room] = self
        if former is not None:
            former.stop()
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._state in ("running", "failing"):
            self._state = "stopped"
        with _LOCK:
            if _RUNNING.get((self.name, self.room)) is self:
                del _RUNNING[self.name, self.room]

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits until it has ended; False after the timeout."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def statistics(self) -> SourceStatistics:
        return SourceStatistics(self.name, self.room, self._state, self._runs, self._failures, self._error)

    def _run(self) -> None:
        """Errors of the user's function are told and tried again; only a stop or an exhausted generator ends it."""
        loop = asyncio.new_event_loop()
        schedule = Schedule(self._every_s, monotonic_s())
        turns: Iterator[Any] | None = None
        try:
            while not self._stop.is_set():
                try:
                    turns = turns or self._turns(loop)
                    record = next(turns)
                    self._runs += 1
                    if record is not None:
                        self._push(self.room, record)
                    self._note_success()
                    wait_s = schedule.wait_s(monotonic_s())
                except StopIteration:
                    self._end()
                    return
                except Exception as error:  # noqa: BLE001  # whatever the user's function raises is told, not hidden
                    turns = None
                    wait_s = self._note_failure(error)
                self._stop.wait(wait_s)
        finally:
            loop.close()

    def _turns(self, loop: asyncio.AbstractEventLoop) -> Iterator[Any]:
        """What each turn gives, whatever kind of function it is."""
        made = self._function()
        if inspect.isgenerator(made):
            yield from made
        elif inspect.isasyncgen(made):
            yield from _drained(loop, made)
        elif inspect.iscoroutine(made):
            yield loop.run_until_complete(made)
            while True:
                yield loop.run_until_complete(self._function())
        else:
            yield made
            while True:
                yield self._function()

    def _note_success(self) -> None:
        if self._state == "failing":
            self._state = "running"
        self._backoff.reset()

    def _note_failure(self, error: Exception) -> float:
        self._failures += 1
        self._error = error.message if isinstance(error, LivedashError) else f"{type(error).__name__}: {error}"
        if self._state == "running":
            self._state = "failing"
        log.warning("source %s of room %s failed: %s", self.name, self.room, self._error, exc_info=error)
        return max(self._every_s, self._backoff.next_s())

    def _end(self) -> None:
        if self._state != "stopped":
            self._state = "ended"


def _drained(loop: asyncio.AbstractEventLoop, made: AsyncIterator[Any]) -> Iterator[Any]:
    while True:
        try:
            yield loop.run_until_complete(anext(made))
        except StopAsyncIteration:
            return


def running_sources() -> list[Source]:
    """All that were started and not stopped."""
    with _LOCK:
        return list(_RUNNING.values())
