"""The publisher: `push` hands a record over in about a microsecond; the sender brings it to the hub.

The caller's thread only appends to a deque: no lock, no system call, and no wake-up while the sender is active.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError
from typing import Any, Final

from livedash import limits
from livedash.client.connection import Find
from livedash.client.intake import Intake
from livedash.client.loop_thread import LoopThread
from livedash.client.sender import PublisherStatistics, Sender, Wait
from livedash.clock import now_ns
from livedash.errors import TooLargeError, ValueRefusedError
from livedash.wire.batch import Batch
from livedash.wire.frames import batches_of_frame, is_frame
from livedash.wire.values import PLAIN_TYPES, plain_record

__all__ = ["Publisher", "PublisherStatistics"]

_NS_PER_US: Final = 1000
_MAX_FIELDS: Final = limits.RECORD_FIELDS
_ARE_PLAIN: Final = PLAIN_TYPES.issuperset
_ARE_SIMPLE: Final = (PLAIN_TYPES | {str}).issuperset
_ARE_TEXTS: Final = frozenset({str}).issuperset
_FEW_FIELDS: Final = 64
_SHORT_CHARACTERS: Final = 4096
_WAYS_OUT: Final = {
    "Series": ": series.to_dict() is a record, series.to_frame() a column",
    "ndarray": ": pd.DataFrame(array) has a row for each record",
}


class Publisher:
    """Any thread may push. `find` says, at each attempt, where the hub is; `on_start` is called with the first record
    of a process, a forked child's too, and `on_late` after each record that comes after `end`.
    """

    def __init__(
        self,
        thread: LoopThread,
        find: Find,
        on_start: Callable[[], None] = lambda: None,
        on_late: Callable[[], None] = lambda: None,
    ) -> None:
        self._thread = thread
        self._find = find
        self._on_start = on_start
        self._on_late = on_late
        self._intake = Intake()
        self._sender = Sender(thread, find, self._intake)
        self._is_started = False
        _PUBLISHERS.add(self)

    def push(self, room: str, record: Any = None, /, **fields: Any) -> None:
        """Adds a record to a room: fields, a mapping, a list of mappings, or the rows of a DataFrame.

        Returns in about a microsecond and never waits. Raises only for its caller's mistake: NameRefusedError,
        ValueRefusedError (with the field's path) or TooLargeError; then nothing of this call is pushed.
        """
        if record is not None or not fields:
            self._push_given(room, record, fields)
            return
        intake = self._intake
        append = intake.appends.get(room) or intake.open(room)
        if not _ARE_PLAIN(map(type, fields.values())) or len(fields) > _MAX_FIELDS:
            fields = _plain(fields)
        append((now_ns(), fields))
        if intake.is_parked:
            self._wake()

    def push_batches(self, room: str, batches: Iterable[Batch]) -> None:
        """Columns, such as those of a DataFrame; between what was pushed before and what is pushed after.

        Raises TooLargeError above limits.PUBLISHER_BUFFER_BYTES: part of it would be lost at once.
        """
        append = self._intake.open(room)
        held = list(batches)
        size = sum(batch.nbytes for batch in held)
        if size > limits.PUBLISHER_BUFFER_BYTES:
            raise TooLargeError(
                f"the publisher's buffer holds {limits.PUBLISHER_BUFFER_BYTES} bytes; this takes {size}: push it in parts"
            )
        for batch in held:
            append((0, batch))
        if held and self._intake.is_parked:
            self._wake()

    def tell_failing(self, room: str, source: str, error: str | None) -> None:
        """Has the room's panels say that a source fails, and with what; None: it does not fail any more."""
        if self._intake.is_parked:
            self._wake()
        if self._is_started:
            self._thread.call_soon(self._sender.note_failing, room, source, error)

    def note_settings(self, room: str, settings: dict[str, Any]) -> None:
        """What this process has set, of which a hub knows nothing that begins anew."""
        self._sender.note_settings(room, settings)

    def flush(self, timeout_s: float = limits.FLUSH_AT_EXIT_SCRIPT_S) -> int:
        """Waits until the hub has answered all that was pushed before; how many records it has not, after the timeout.

        Does not wait for a hub that refuses this caller, nor on the background thread itself.
        """
        return self._wait_for(self._sender.flush, timeout_s) if self._is_started else 0

    def settle(self, timeout_s: float) -> int:
        """As `flush`, until the hub also has all that it is given back."""
        return self._wait_for(self._sender.settle, timeout_s) if self._is_started else 0

    def end(self, timeout_s: float) -> int:
        """As `flush`, at the end of the process. From now on `on_late` is called after each push: no later flush comes."""
        self._intake.end()
        return self.flush(timeout_s)

    def reconnect(self) -> None:
        """Looks for the hub again: another one was named."""
        if self._is_started:
            self._thread.call(self._sender.reconnect)

    def close(self) -> None:
        """Ends the connection and sends nothing more; `flush` first."""
        if self._is_started:
            self._thread.call(self._sender.close)

    def statistics(self) -> PublisherStatistics:
        return self._sender.statistics()

    def _push_given(self, room: str, record: Any, fields: dict[str, Any]) -> None:
        """A mapping, a list of them, or a frame."""
        append = self._intake.open(room)
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
        plain = [_plain({**one, **fields} if isinstance(one, Mapping) else one) for one in records]
        now = now_ns()
        for one in plain:
            append((now, one))
        if plain and self._intake.is_parked:
            self._wake()

    def _push_frame(self, room: str, frame: Any, fields: dict[str, Any]) -> None:
        if fields:
            raise ValueRefusedError("push a DataFrame or fields, not both; add the fields as columns: df.assign(run=3)")
        self.push_batches(room, batches_of_frame(frame, now_ns() // _NS_PER_US))

    def _wait_for(self, begin: Callable[[Wait], None], timeout_s: float) -> int:
        """How many records were not answered in time."""
        wait = Wait()
        self._thread.call_soon(begin, wait)
        if not self._thread.is_current():
            with contextlib.suppress(TimeoutError, CancelledError):
                self._thread.wait_for(wait.done, timeout_s)
        wait.done.cancel()
        rooms = self.statistics().rooms
        return wait.left(rooms) if wait.until else sum(room.waiting for room in rooms)

    def _wake(self) -> None:
        """Once each time that the sender sleeps; several threads may come here at once."""
        self._intake.unpark()
        if not self._is_started:
            self._is_started = True
            self._on_start()
        try:
            self._thread.call_soon(self._sender.wake)
        except RuntimeError:  # the system has no thread for us now; the next push asks again
            self._intake.is_parked = True
        if self._intake.is_ending:
            self._on_late()

    def begin_child(self) -> None:
        """A forked child has its own records only, and its own id: what the parent queued, the parent sends."""
        self._sender.abandon()
        _INHERITED.append(self._sender)
        self._intake = Intake(self._intake.rooms)
        self._sender = Sender(self._thread, self._find, self._intake)
        self._is_started = False


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    """`plain_record(record)`; `record` itself, which is a copy already, where a few short looks are enough to see it."""
    if (
        type(record) is dict
        and len(record) <= _FEW_FIELDS
        and _ARE_SIMPLE(map(type, record.values()))
        and _ARE_TEXTS(map(type, record))
    ):
        texts = [value for value in record.values() if type(value) is str]
        if all(map(str.isascii, texts)) and sum(map(len, texts)) < _SHORT_CHARACTERS:
            return record
    return plain_record(record)


_PUBLISHERS: Final[weakref.WeakSet[Publisher]] = weakref.WeakSet()
_INHERITED: Final[list[Sender]] = []  # of a forked child: held, since ending their tasks would touch the parent's loop


def _begin_children() -> None:
    for publisher in tuple(_PUBLISHERS):
        publisher.begin_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_children)
