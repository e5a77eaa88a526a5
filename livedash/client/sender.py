"""What brings a publisher's records to the hub, on the background thread: turns of taking, packing and sending.

With a caller that holds the GIL each return from a system call costs this thread up to 5 ms (sys.getswitchinterval), so a
turn has as few of them as can be, and turns begin at a steady rate rather than so long after the last one.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

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


class Sender:
    """Made by any thread; starts when it is first woken. All else but `statistics` happens on the loop's thread."""

    def __init__(self, thread: LoopThread, find: Find, intake: Intake) -> None:
        self._thread = thread
        self._intake = intake
        self._spool = Spool(secrets.token_hex(_ID_BYTES))
        self._connection = Connection(self._spool, find, self._on_answer)
        self._awake = asyncio.Event()
        self._flushes: list[Future[int]] = []
        self._settlings: list[Future[int]] = []
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

    def flush(self, done: Future[int]) -> None:
        """Sets `done` to 0 once all is answered, to how many records are not where the hub refuses them."""
        self._flushes.append(done)
        self._turn()

    def settle(self, done: Future[int]) -> None:
        """As `flush`, but once the hub also has all that it was given back."""
        self._settlings.append(done)
        self._turn()

    def close(self) -> None:
        """Ends the connection; nothing is sent any more."""
        if self._task is not None:
            self._task.cancel()
        self._connection.drop()

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
        self._intake.is_parked = False

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
        if not (self._flushes or self._settlings) or self._intake:
            return
        connection = self._connection
        waiting = self._spool.waiting
        if waiting == 0 or connection.is_refused:
            _finish(self._flushes, waiting)
        if (waiting == 0 and connection.state == "connected" and not self._spool.in_flight) or connection.is_refused:
            _finish(self._settlings, waiting)


def _finish(waiters: list[Future[int]], waiting: int) -> None:
    for done in waiters:
        if not done.done():
            done.set_result(waiting)
    waiters.clear()
