"""The publisher: `push` hands a record over in about a microsecond, a background thread brings it to the hub.

The caller's thread only appends to a deque: no lock, no system call, and no wake-up while the sender is active. The
sender turns what lies there into columns up to 60 times a second. With a caller that holds the GIL each return from a
system call costs the sender up to 5 ms (sys.getswitchinterval), so one turn has as few of them as can be.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from livedash import limits
from livedash.client.backoff import JITTER, Backoff
from livedash.client.contract import Channel, Connector
from livedash.client.loop_thread import LoopThread
from livedash.client.spool import RoomSpoolStatistics, Spool
from livedash.clock import monotonic_s, now_ns, sleep_s
from livedash.errors import LivedashError, UnreachableError, ValueRefusedError
from livedash.wire.batch import Batch
from livedash.wire.codec import MSGPACK
from livedash.wire.frames import batches_of_frame, is_frame
from livedash.wire.messages import Bye, Error, Notice, Published, Welcome
from livedash.wire.names import checked_room
from livedash.wire.values import PLAIN_TYPES, plain_record

_TURN_S: Final = 1 / limits.PUBLISHER_HZ
_WATCH_S: Final = 5.0
_NS_PER_US: Final = 1000
_ID_BYTES: Final = 8
_FLUSH_POLL_S: Final = 0.005
_WAYS_OUT: Final = {
    "Series": ": series.to_dict() is a record, series.to_frame() a column",
    "ndarray": ": pd.DataFrame(array) has a row for each record",
}

Find = Callable[[], Connector]
_Handed = tuple[int, dict[str, Any] | Batch]  # a record with its time in nanoseconds, or a batch that has its own


@dataclass(frozen=True, slots=True)
class PublisherStatistics:
    """`state`: idle (nothing pushed yet), connecting, connected, or waiting (for the next attempt, with the reason)."""

    state: str
    address: str | None
    transport: str | None
    reason: str | None
    buffered_bytes: int
    rooms: tuple[RoomSpoolStatistics, ...]


class Publisher:
    """Any thread may push. `find` says, at each attempt, where the hub is."""

    def __init__(self, thread: LoopThread, find: Find) -> None:
        self._thread = thread
        self._find = find
        self._queues: dict[str, deque[_Handed]] = {}
        self._lock = threading.Lock()
        self._is_parked = True
        self._started = False
        self._reset()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._after_fork)

    # The caller's side

    def push(self, room: str, record: Any = None, /, **fields: Any) -> None:
        """Adds a record to a room: fields, a mapping, a list of mappings, or the rows of a DataFrame.

        Returns in about a microsecond and never waits. Raises only for its caller's mistake: NameRefusedError,
        ValueRefusedError (with the field's path) or TooLargeError; then nothing of this call is pushed.
        """
        if record is None and fields:
            queue = self._queues.get(room)
            if queue is None:
                queue = self._open(room)
            if not PLAIN_TYPES.issuperset(map(type, fields.values())):
                fields = plain_record(fields)
            queue.append((now_ns(), fields))
            if self._is_parked:
                self._wake()
        else:
            self._push_given(room, record, fields)

    def push_batches(self, room: str, batches: Iterable[Batch]) -> None:
        """Columns, such as those of a DataFrame; between what was pushed before and what is pushed after."""
        queue = self._open(room)
        for batch in batches:
            queue.append((0, batch))
        if queue and self._is_parked:
            self._wake()

    def flush(self, timeout_s: float = limits.FLUSH_AT_EXIT_SCRIPT_S) -> int:
        """Waits until the hub has acknowledged all records; how many it has not after the timeout."""
        end_s = monotonic_s() + timeout_s
        while (left := self._left()) and monotonic_s() < end_s:
            if self._is_parked:
                self._wake()
            sleep_s(_FLUSH_POLL_S)
        return left

    def reconnect(self) -> None:
        """Looks for the hub again: another one was named."""
        if self._started:
            self._thread.call(self._drop_channel)

    def settle(self, timeout_s: float) -> bool:
        """Waits until the hub has all that was pushed, and all that it was given back; False after the timeout."""
        end_s = monotonic_s() + timeout_s
        while self._started and not (is_settled := self._thread.call(self._is_settled)) and monotonic_s() < end_s:
            sleep_s(_FLUSH_POLL_S)
        return not self._started or is_settled

    def statistics(self) -> PublisherStatistics:
        connector = self._connector
        return PublisherStatistics(
            state=self._state,
            address=connector.address if connector else None,
            transport=connector.transport if connector else None,
            reason=self._reason,
            buffered_bytes=self._spool.nbytes,
            rooms=self._thread.call(self._spool.statistics) if self._started else (),
        )

    def _push_given(self, room: str, record: Any, fields: dict[str, Any]) -> None:
        """A mapping, a list of them, or a frame."""
        queue = self._queues.get(room)
        if queue is None:
            queue = self._open(room)
        if not isinstance(record, Mapping | list | tuple) and is_frame(record):
            self._push_frame(room, record, fields)
            return
        if record is None:
            raise ValueRefusedError(
                "there is nothing to push: give fields, such as push('train', loss=0.3), or a mapping"
            )
        records = [record] if isinstance(record, Mapping) else record
        if not isinstance(records, list | tuple):
            raise ValueRefusedError(
                f"push takes fields, a mapping, a list of mappings or a DataFrame, not {type(record).__name__}"
                f"{_WAYS_OUT.get(type(record).__name__, '')}"
            )
        plain = [plain_record({**one, **fields} if isinstance(one, Mapping) else one) for one in records]
        now = now_ns()
        for one in plain:
            queue.append((now, one))
        if plain and self._is_parked:
            self._wake()

    def _push_frame(self, room: str, frame: Any, fields: dict[str, Any]) -> None:
        if fields:
            raise ValueRefusedError("push a DataFrame or fields, not both; add the fields as columns: df.assign(run=3)")
        self.push_batches(room, batches_of_frame(frame, now_ns() // _NS_PER_US))

    def _open(self, room: str) -> deque[_Handed]:
        with self._lock:
            return self._queues.setdefault(checked_room(room), deque())

    def _left(self) -> int:
        queued = sum(map(len, self._queues.values()))
        if not self._started:
            return queued
        return queued + sum(room.waiting for room in self._thread.call(self._spool.statistics))

    def _wake(self) -> None:
        with self._lock:
            if not self._is_parked:
                return
            self._is_parked = False
            if self._started:
                self._thread.call_soon(self._awake.set)
            else:
                self._started = True
                self._thread.call_soon(self._start)

    # The sender's side, on the loop's thread

    def _reset(self) -> None:
        self._spool = Spool(secrets.token_hex(_ID_BYTES))
        self._backoff = Backoff(JITTER)
        self._channel: Channel | None = None
        self._connector: Connector | None = None
        self._awake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._is_parked = True
        self._started = False
        self._state = "idle"
        self._reason: str | None = None
        self._oldest_sent_s: float | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.notices: deque[Notice] = deque(maxlen=1000)

    def _after_fork(self) -> None:
        """The child has its own records only, and its own id: what the parent queued, the parent sends."""
        self._lock = threading.Lock()
        self._queues = {room: deque() for room in self._queues}
        self._reset()

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._collect_for_ever()), loop.create_task(self._connect_for_ever())]

    async def _collect_for_ever(self) -> None:
        idle_since_s = monotonic_s()
        while True:
            if self._collect():
                self._pump()
                idle_since_s = monotonic_s()
            if monotonic_s() - idle_since_s < limits.PUBLISHER_IDLE_S:
                await asyncio.sleep(_TURN_S)
            else:
                await self._park()

    async def _park(self) -> None:
        """Sleeps until a push wakes it: the flag is up before the last look, so no record is left lying."""
        self._awake.clear()
        self._is_parked = True
        if any(self._queues.values()):
            self._is_parked = False
            return
        await self._awake.wait()

    def _collect(self) -> bool:
        """Moves what callers handed over into the spool, in columns and in order."""
        found = False
        for room, queue in tuple(self._queues.items()):
            count = min(len(queue), limits.PUBLISH_BATCH_RECORDS)  # what comes meanwhile is for the next turn
            if count:
                for batch in _in_columns([queue.popleft() for _ in range(count)]):
                    self._spool.add(room, batch)
                found = True
        return found

    def _pump(self) -> None:
        channel = self._channel
        if channel is None:
            return
        for message in self._spool.take():
            channel.send(MSGPACK.encode_from_client(message))
            if self._oldest_sent_s is None:
                self._oldest_sent_s = monotonic_s()

    async def _connect_for_ever(self) -> None:
        while True:
            try:
                await self._serve_one_connection()
                wait_s = self._backoff.next_s()
            except LivedashError as error:
                self._reason = error.message
                wait_s = self._backoff.next_s()
                if not isinstance(error, UnreachableError):
                    wait_s = max(wait_s, limits.BACKOFF_MAX_S / 2)  # refused: a new token or server may come
            self._state = "waiting"
            self._hurry.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), wait_s)

    async def _serve_one_connection(self) -> None:
        """From the handshake until the connection is gone. Raises LivedashError if it can't be had."""
        self._state = "connecting"
        self._connector = self._find()
        self._channel = channel = await self._connector.connect()
        try:
            channel.send(MSGPACK.encode_from_client(self._spool.begin()))
            self._oldest_sent_s = monotonic_s()
            await self._receive_for_ever(channel)
        finally:
            self._drop_channel()

    async def _receive_for_ever(self, channel: Channel) -> None:
        reading = asyncio.ensure_future(channel.receive())
        try:
            while True:
                done, _ = await asyncio.wait((reading,), timeout=_WATCH_S)
                if done:
                    data = reading.result()
                    if data is None:
                        self._reason = "the hub closed the connection"
                        return
                    self._on_message(MSGPACK.decode_from_hub(data))
                    reading = asyncio.ensure_future(channel.receive())
                elif self._is_overdue():
                    self._reason = f"the hub did not answer for {limits.PUBLISHER_ACK_LIMIT_S:g} s"
                    return
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError, LivedashError):
                await reading

    def _is_settled(self) -> bool:
        return self._state == "connected" and self._spool.is_empty and not self._spool.in_flight

    def _is_overdue(self) -> bool:
        return self._oldest_sent_s is not None and monotonic_s() - self._oldest_sent_s > limits.PUBLISHER_ACK_LIMIT_S

    def _on_message(self, message: object) -> None:
        match message:
            case Welcome():
                self._state, self._reason = "connected", None
                self._backoff.reset()
                self._spool.receive(message)
            case Published() | Error():
                self._spool.receive(message)
            case Bye(_, retry_after_s) if retry_after_s is not None:
                self._reason = "the hub is stopping"
            case Notice():
                self.notices.append(message)
        self._oldest_sent_s = monotonic_s() if self._spool.in_flight else None
        self._pump()

    def _drop_channel(self) -> None:
        channel, self._channel = self._channel, None
        self._state = "connecting"
        self._spool.end()
        self._oldest_sent_s = None
        if channel is not None:
            channel.close()


def _in_columns(handed: list[_Handed]) -> Iterator[Batch]:
    """Runs of records as a batch each, between the batches that were handed over as such."""
    for is_batch, run in groupby(handed, lambda entry: type(entry[1]) is Batch):
        if is_batch:
            yield from (batch for _, batch in run if isinstance(batch, Batch))
        else:
            entries = list(run)
            records = [record for _, record in entries if isinstance(record, dict)]
            yield Batch.from_records(records, [time // _NS_PER_US for time, _ in entries])
