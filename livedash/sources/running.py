"""A source in the background: its thread, its backoff after errors, and the list of all that run in this process."""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading

from livedash import limits
from livedash.client.backoff import JITTER, Backoff
from livedash.client.contract import SourceState
from livedash.clock import monotonic_s
from livedash.errors import LivedashError
from livedash.sources.contract import Push, TellFailing
from livedash.sources.schedule import Schedule
from livedash.sources.turns import ExhaustedError, Function, Turns

log = logging.getLogger("livedash.sources")
_CLEANUP_S = 1.0  # how long a source that is stopped may take to close its files before others go on
_RUNNING: dict[tuple[str, str], Source] = {}
_LOCK = threading.Lock()


class Source:
    """Runs `function` again and again, and pushes what it gives; None is not pushed.

    What the function raises is told in `state()` and logged once, and it is tried again: after a period, and with
    exponential backoff. A record that can't be pushed is an error, too, and the next turn goes on after it.
    """

    def __init__(
        self, push: Push, tell_failing: TellFailing, function: Function, room: str, every_s: float, name: str
    ) -> None:
        self.room = room
        self.name = name
        self._push = push
        self._tell_failing = tell_failing
        self._every_s = every_s
        self._turns = Turns(function)
        self._stopping = threading.Event()
        self._telling = threading.Lock()
        self._told: str | None = None
        self._state = "running"
        self._runs = 0
        self._failures = 0
        self._error: str | None = None
        self._backoff = Backoff(JITTER, first_s=limits.SOURCE_BACKOFF_FIRST_S, max_s=limits.SOURCE_BACKOFF_MAX_S)
        self._former: Source | None = None
        self._thread = threading.Thread(target=self._run, name=f"livedash source {name}", daemon=True)

    def start(self) -> None:
        """Takes the place of a source of the same name and room: its cell ran again."""
        with _LOCK:
            self._former = _RUNNING.pop((self.name, self.room), None)
            _RUNNING[self.name, self.room] = self
        if self._former is not None:
            self._former.stop()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._turns.interrupt()
        self._tell(None)
        if self._state != "ended":
            self._state = "stopped"
        with _LOCK:
            if _RUNNING.get((self.name, self.room)) is self:
                del _RUNNING[self.name, self.room]

    def wait(self, timeout_s: float | None = None) -> bool:
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def state(self) -> SourceState:
        return SourceState(self.name, self.room, self._state, self._runs, self._failures, self._error)

    def _run(self) -> None:
        if self._former is not None:
            self._former.wait(_CLEANUP_S)  # one run at a time
            self._former = None
        schedule = Schedule(self._every_s, monotonic_s())
        try:
            while not self._stopping.is_set():
                is_well = self._take_turn()
                wait_s = schedule.wait_s(monotonic_s())
                self._stopping.wait(wait_s if is_well else max(wait_s, self._backoff.next_s()))
        except ExhaustedError:
            self._become("ended")
            self._tell(None)
        finally:
            self._close()

    def _take_turn(self) -> bool:
        """False if it failed. Raises ExhaustedError."""
        try:
            record = self._turns.take()
            if record is not None and not self._stopping.is_set():
                self._push(self.room, record)
            self._runs += 1
        except ExhaustedError:
            raise
        except (Exception, asyncio.CancelledError, SystemExit) as error:
            if self._note_failure(error):
                log.exception("source %s of room %s failed, and is tried again", self.name, self.room)
            return False
        self._backoff.reset()
        self._become("running")
        self._tell(None)
        return True

    def _note_failure(self, error: BaseException) -> bool:
        """True for another error than the last: a notebook shows what is logged, and need not show the same again."""
        text = error.message if isinstance(error, LivedashError) else f"{type(error).__name__}: {error}"
        self._failures += 1
        is_new, self._error = text != self._error, text
        self._become("failing")
        self._tell(text)
        return is_new

    def _become(self, state: str) -> None:
        if not self._stopping.is_set():
            self._state = state

    def _tell(self, error: str | None) -> None:
        """What panels show; nothing more of a source that is stopped."""
        with self._telling:
            if error != self._told and (error is None or not self._stopping.is_set()):
                self._told = error
                self._tell_failing(self.room, self.name, error)

    def _close(self) -> None:
        try:
            self._turns.close()
        except Exception as error:
            log.exception("source %s of room %s failed to close", self.name, self.room)
            self._error = f"{type(error).__name__}: {error}"


def running_sources() -> list[Source]:
    """All that were started in this process and not stopped, those that have ended by themselves included."""
    with _LOCK:
        return list(_RUNNING.values())


def stop_all() -> None:
    """Ends all, and gives them a moment to close what they hold open."""
    sources = running_sources()
    for source in sources:
        source.stop()
    end_s = monotonic_s() + _CLEANUP_S
    for source in sources:
        source.wait(max(0.0, end_s - monotonic_s()))


atexit.register(
    stop_all
)  # runs before the publisher's own, which is registered when it is made: the last records still go
