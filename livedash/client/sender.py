"""What brings a publisher's records to the hub, on the background thread: turns of taking, packing and sending.

With a caller that holds the GIL each return from a system call costs this thread up to 5 ms (sys.getswitchinterval), so a
turn has as few of them as can be, and turns begin at a steady rate rather than so long after the last one.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

from livedash import limits
from livedash.client.connection import Connection, Find
from livedash.client.intake import Handed, Intake, in_columns
from livedash.client.loop_thread import LoopThread
from livedash.client.spool import RoomSpoolStatistics, Spool
from livedash.clock import monotonic_s
from livedash.wire.batch import Batch

_TURN_S: Final = 1 / limits.PUBLISHER_HZ
_ID_BYTES: Final = 8
_WATCH_S: Final = 2.0
_COLUMN_ERRORS: Final = (TypeError, ValueError, ArithmeticError, RecursionError)  # of a value that only packing finds
_LOG: Final = logging.getLogger("livedash.client")
_LOG.addHandler(logging.NullHandler())  # nothing of this thread goes to stderr unless the user asks for it


@dataclass(frozen=True, slots=True)
class PublisherStatistics:
    """`state`: idle (nothing pushed yet), connecting, connected, or waiting (for the next attempt, with the reason)."""

    state: str
    address: str | None
    transport: str | None
    reason: str | None
    buffered_bytes: int
    rooms: tuple[RoomSpoolStatistics, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Of somebody for all that was pushed before; not for what others push meanwhile, or it might never end.

    `until`: how many of each room's records are to be answered; empty before the sender knows of it.
    """

    done: Future[None] = field(default_factory=Future)
    until: dict[str, int] = field(default_factory=dict)

    def left(self, rooms: Iterable[RoomSpoolStatistics]) -> int:
        """How many of those records are not answered."""
        return sum(max(0, self.until.get(room.room, 0) - (room.pushed - room.waiting)) for room in rooms)


class Sender:
    """Made by any thread; starts when it is first woken. All else but `statistics` happens on the loop's thread."""

    def __init__(self, thread: LoopThread, find: Find, intake: Intake) -> None:
        self._thread = thread
        self._intake = intake
        self._spool = Spool(secrets.token_hex(_ID_BYTES))
        self._connection = Connection(self._spool, find, self._on_answer)
        self._awake = asyncio.Event()
        self._flushes: list[Wait] = []
        self._settlings: list[Wait] = []
        self._task: asyncio.Task[None] | None = None

    # From any thread

    def statistics(self) -> PublisherStatistics:
        connector = self._connection.connector
        queued = self._intake.waiting()
        spooled = {room.room: room for room in self._spool.statistics()}
        rooms = [spooled.get(room) or RoomSpoolStatistics.of_new(room) for room in {**spooled, **queued}]
        return PublisherStatistics(
            state=self._connection.state,
            address=connector.address if connector else None,
            transport=connector.transport if connector else None,
            reason=self._connection.reason,
            buffered_bytes=self._spool.nbytes,
            rooms=tuple(room.with_queued(queued.get(room.room, 0)) for room in rooms),
        )

    def note_settings(self, room: str, settings: dict[str, Any]) -> None:
        self._spool.note_settings(room, settings)

    def abandon(self) -> None:
        """In a forked child: this one is the parent's."""
        self._connection.abandon()

    # On the loop's thread

    def wake(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
        self._awake.set()

    def reconnect(self) -> None:
        self._connection.reconnect()

    def note_failing(self, room: str, source: str, error: str | None) -> None:
        self._spool.note_failing(room, source, error)
        self._connection.send(self._spool.take())

    def flush(self, wait: Wait) -> None:
        """`wait` is done once all is answered, or the hub refuses this caller."""
        self._begin(wait, self._flushes)

    def settle(self, wait: Wait) -> None:
        """As `flush`, but once the hub also has all that it was given back."""
        self._begin(wait, self._settlings)

    def close(self) -> None:
        """Ends the connection; nothing is sent any more."""
        if self._task is not None:
            self._task.cancel()
        self._connection.drop()

    def _begin(self, wait: Wait, waits: list[Wait]) -> None:
        wait.until.update({room.room: room.pushed for room in self.statistics().rooms})
        waits.append(wait)
        self._turn()

    async def _run(self) -> None:
        """Owns the two tasks. One that fails ends the other, and both begin again."""
        while True:
            tasks = [asyncio.ensure_future(self._turn_for_ever()), asyncio.ensure_future(self._connection.keep())]
            try:
                while not (await asyncio.wait(tasks, timeout=_WATCH_S, return_when=asyncio.FIRST_COMPLETED))[0]:
                    self._connection.check_answers()
            finally:
                for task in tasks:
                    task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception):
                    _LOG.error("the sender failed", exc_info=result)
                    self._connection.fail(result)
            await asyncio.sleep(limits.BACKOFF_MAX_S)

    async def _turn_for_ever(self) -> None:
        quiet_since_s = monotonic_s()
        while True:
            begun_s = monotonic_s()
            if self._turn():
                quiet_since_s = begun_s
            if begun_s - quiet_since_s > limits.PUBLISHER_IDLE_S:
                await self._park()
            elif self._intake.is_behind():
                await asyncio.sleep(0)
            else:
                await asyncio.sleep(max(0.0, begun_s + _TURN_S - monotonic_s()))

    async def _park(self) -> None:
        """Sleeps until a push wakes it: the flag is up before the last look, so no record is left lying."""
        self._awake.clear()
        self._intake.is_parked = True
        if not self._intake:
            await self._awake.wait()
        self._intake.unpark()

    def _turn(self) -> bool:
        """Moves what callers handed over into the spool, in columns and in order, and sends. True if there was any."""
        found = False
        for room, excess in self._intake.drop_excess():
            self._spool.note_lost(room, excess)
        for room, handed in self._intake.take():
            found = True
            for batch in self._packed(room, handed):
                self._spool.add(room, batch)
        if found:
            self._connection.send(self._spool.take())
        self._tell_waiters()
        return found

    def _packed(self, room: str, handed: list[Handed]) -> Iterator[Batch]:
        """A record that can't be put in columns after all is refused by itself, not with its neighbours."""
        try:
            batches = list(in_columns(handed))  # all or none: a part that was given on must not be packed again
        except _COLUMN_ERRORS as error:
            if len(handed) == 1:
                self._spool.note_refused(room, 1, f"bad_value: {error}")
            else:
                middle = len(handed) // 2
                yield from self._packed(room, handed[:middle])
                yield from self._packed(room, handed[middle:])
        else:
            yield from batches

    def _on_answer(self) -> None:
        self._connection.send(self._spool.take())
        self._tell_waiters()

    def _tell_waiters(self) -> None:
        """Those who wait for all that was pushed before."""
        if not (self._flushes or self._settlings):
            return
        rooms = self._spool.statistics()
        is_refused = self._connection.is_refused
        is_settled = self._connection.state == "connected" and not self._spool.is_giving_back
        self._flushes = [wait for wait in self._flushes if not _end(wait, rooms, is_refused)]
        self._settlings = [wait for wait in self._settlings if not _end(wait, rooms, is_refused, is_settled)]


def _end(wait: Wait, rooms: tuple[RoomSpoolStatistics, ...], is_refused: bool, is_settled: bool = True) -> bool:
    """True if it is over."""
    if not (is_refused or (is_settled and wait.left(rooms) == 0)):
        return wait.done.cancelled()
    if wait.done.set_running_or_notify_cancel():
        wait.done.set_result(None)
    return True
