"""A feed: reads rooms of a hub or a link from any process, live and back in history, for `for` and for `async for`.

One coroutine reads; the sync iterator takes from its queue. A reader that comes back after a broken connection shows
its cursor, so that each record is given once.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from livedash import limits
from livedash.client.backoff import JITTER, Backoff
from livedash.client.contract import Channel, History
from livedash.client.endpoint import Endpoint
from livedash.client.loop_thread import LoopThread
from livedash.client.remote import RemoteHub
from livedash.client.watchdog import Patience, connect
from livedash.client.websocket_channel import WebSocketConnector
from livedash.clock import monotonic_s
from livedash.errors import LivedashError, NotFoundError, SettingRefusedError
from livedash.transports.close_codes import stays_away
from livedash.wire.batch import Batch
from livedash.wire.codec import MSGPACK
from livedash.wire.messages import Bye, Delivery, Error, Gap, Keyed, Subscribe, Subscribed
from livedash.wire.names import is_glob
from livedash.wire.position import Position

if TYPE_CHECKING:
    import pandas as pd

_QUEUE_BATCHES: Final = 1000  # above it nothing more is read: what comes then waits in the hub's history
_FULL_POLL_S: Final = 0.02
_SECRET_BYTES: Final = 12

OnGap = Callable[[Gap], None]
_Taken = tuple[str, Batch] | BaseException | None  # None: the end


class Feed:
    """`for record in feed` waits for what comes; `records`, `to_pandas` and `rooms` answer from history.

    `rooms`: names or globs; without them, all rooms of the link, or all that the hub has. `since` as in DESIGN 3.4.
    `gaps` holds what was missed, if anything ever was.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        thread: LoopThread,
        *,
        rooms: tuple[str, ...] = (),
        since: str = "now",
        on_gap: OnGap | None = None,
    ) -> None:
        self._thread = thread
        self._hub = RemoteHub(endpoint)
        self._connector = WebSocketConnector(endpoint, secrets.token_urlsafe(_SECRET_BYTES))
        self._asked = rooms or endpoint.rooms
        self._since = since
        self._on_gap = on_gap
        self.gaps: list[Gap] = []
        self.positions: dict[str, Position] = {}
        self._keys: dict[str, str | None] = {}  # of the rooms that are keyed ones
        self._queue: queue.SimpleQueue[_Taken] = queue.SimpleQueue()
        self._bells: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []  # of those who iterate in a loop
        self._reading: asyncio.Future[None] | None = None
        self._is_closed = False

    # History

    @property
    def rooms(self) -> list[str]:
        """The rooms that exist now and can be read here."""
        return [state.name for state in self._hub.rooms()]

    def records(
        self, room: str | None = None, *, since: str = "earliest", limit: int = limits.READ_LIMIT
    ) -> list[dict[str, Any]]:
        """Records of history, the oldest first. `room` may be left out where there is just one."""
        return self._read(room, since, limit).batch.records()

    def to_pandas(
        self, room: str | None = None, *, since: str = "earliest", limit: int = limits.READ_LIMIT_MAX
    ) -> pd.DataFrame:
        """History as a DataFrame, types as they were pushed."""
        from livedash.wire.frames import to_pandas

        return to_pandas(self._read(room, since, limit).batch)

    def _read(self, room: str | None, since: str, limit: int) -> History:
        return self._hub.read(room or self._only_room(), since, limit)

    def _only_room(self) -> str:
        names = [room for room in self._asked if not is_glob(room)]
        if len(names) == 1:
            return names[0]
        there = self.rooms
        if len(there) == 1:
            return there[0]
        if not there:
            raise NotFoundError("there is no room here yet; it begins with its first record")
        raise SettingRefusedError(f"say which room, there are several: {', '.join(there[:10])}")

    # Live

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for _, record in self.with_rooms():
            yield record

    def with_rooms(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each record with its room."""
        self._begin()
        while True:
            taken = self._queue.get()
            if isinstance(taken, BaseException):
                raise taken
            if taken is None:
                return
            room, batch = taken
            for record in batch.records():
                yield room, record

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        self._begin()
        bell = (asyncio.get_running_loop(), asyncio.Event())
        self._bells.append(bell)
        try:
            while True:
                taken = await self._wait_for_next(bell[1])
                if isinstance(taken, BaseException):
                    raise taken
                if taken is None:
                    return
                for record in taken[1].records():
                    yield record
        finally:
            self._bells.remove(bell)

    async def _wait_for_next(self, arrived: asyncio.Event) -> _Taken:
        """Can be cancelled: no thread waits for it. The event is cleared before the look, so that nothing is missed."""
        while True:
            arrived.clear()
            try:
                return self._queue.get_nowait()
            except queue.Empty:
                await arrived.wait()

    def close(self) -> None:
        """Ends the iterations that run."""
        if self._is_closed:
            return
        self._is_closed = True
        reading = self._reading
        if reading is not None:
            self._thread.call_soon(reading.cancel)
        self._put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self) -> None:
        if self._reading is None and not self._is_closed:
            self._reading = self._thread.call(self._start)

    def _start(self) -> asyncio.Future[None]:
        reading = asyncio.ensure_future(self._read_for_ever())
        reading.add_done_callback(self._on_read)
        return reading

    def _on_read(self, reading: asyncio.Future[None]) -> None:
        """Who iterates hears of the end, whatever it is: the hub's refusal, an error of `on_gap`, a bug."""
        if not reading.cancelled():
            self._put(reading.exception())

    async def _read_for_ever(self) -> None:
        backoff, patience = Backoff(JITTER, max_s=limits.READER_BACKOFF_MAX_S), Patience()
        wait_s: float | None = 0.0
        while wait_s is not None:
            await asyncio.sleep(wait_s)
            try:
                wait_s = await self._read_once(backoff, patience)
            except LivedashError as error:
                if not error.can_retry:
                    raise
                wait_s = backoff.next_s()

    async def _read_once(self, backoff: Backoff, patience: Patience) -> float | None:
        """One connection. How long to wait before the next, None: the hub has said not to come back."""
        channel = await connect(self._connector, patience)
        began_s = monotonic_s()
        try:
            bye = await self._read_channel(channel)
        finally:
            channel.close()
        if monotonic_s() - began_s >= limits.SOUND_CONNECTION_S:
            backoff.reset()
        if bye is not None:
            return None if bye.retry_after_s is None else backoff.spread_s(bye.retry_after_s)
        return None if stays_away(channel.close_code) else backoff.next_s()

    async def _read_channel(self, channel: Channel) -> Bye | None:
        """Until it ends: with a bye, or without."""
        for room in self._asked or ("*",):
            channel.send(MSGPACK.encode_from_client(Subscribe(room, self._since_of(room), "columns")))
        while (data := await channel.receive()) is not None:
            while self._queue.qsize() >= _QUEUE_BATCHES:  # noqa: ASYNC110  # its reader may be a plain thread
                await asyncio.sleep(_FULL_POLL_S)
            match MSGPACK.decode_from_hub(data):
                case Delivery() as delivery:
                    self._deliver(delivery)
                case Gap() as gap:
                    self.gaps.append(gap)
                    if self._on_gap is not None:
                        self._on_gap(gap)
                case Keyed() | Subscribed() as told:
                    self._note(told)
                case Error(_, message):
                    raise NotFoundError(message)
                case Bye() as bye:
                    return bye
        return None

    def _note(self, told: Keyed | Subscribed) -> None:
        self._keys[told.room] = told.key
        if isinstance(told, Subscribed) and not is_glob(told.room):
            self.positions.setdefault(told.room, Position(told.epoch, told.offset))

    def _since_of(self, room: str) -> str:
        """The cursor of what was read already, else where the caller wanted to start."""
        known = ",".join(f"{name}:{position}" for name, position in self.positions.items())
        if is_glob(room):
            return known or self._since
        position = self.positions.get(room)
        return f"{room}:{position}" if position else self._since

    def _deliver(self, delivery: Delivery) -> None:
        """A snapshot replaces what the reader holds; of its records those that it has not seen are given on.

        Of a keyed room's snapshot nothing tells which those are: all of them are.
        """
        before = self.positions.get(delivery.room)
        self.positions[delivery.room] = Position(delivery.epoch, delivery.offset)
        batch = delivery.batch
        is_keyed_state = delivery.is_snapshot and self._keys.get(delivery.room) is not None
        is_same_epoch = before is not None and before.epoch == delivery.epoch
        if before is not None and is_same_epoch and not is_keyed_state and delivery.first_offset <= before.offset:
            batch = batch.slice(before.offset - delivery.first_offset + 1, batch.count)
        if batch.count > 0:
            self._put((delivery.room, batch))

    def _put(self, taken: _Taken) -> None:
        self._queue.put(taken)
        for loop, arrived in tuple(self._bells):
            with contextlib.suppress(RuntimeError):  # that loop has ended, and its iteration with it
                loop.call_soon_threadsafe(arrived.set)
