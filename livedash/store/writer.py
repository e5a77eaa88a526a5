"""The thread that writes a hub's entries into a store: what came in a few hundredths of a second as one transaction."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from livedash import limits
from livedash.clock import monotonic_s
from livedash.core.journal import Appended, Deleted, Described, Entry, Lost, Trimmed, Whole
from livedash.errors import SettingRefusedError
from livedash.store.contract import Store

_ENTRY_BYTES: Final = 500  # of an entry that holds no records
_STOP_S: Final = 30.0  # how long `stop` waits for a disk that is slow
log = logging.getLogger("livedash")


class Writer:
    """`put` is called by one thread; the writer's own takes. `on_turn` is called there when the first has to look.

    A store that fails `is_out`: nothing is written, and it is opened again and again. When that has worked, who puts takes
    the names of what was missed, and calls `go_on`; `failure` stays until something was written.
    """

    def __init__(self, store: Store, on_turn: Callable[[], None]) -> None:
        self._store = store
        self._on_turn = on_turn
        self._queue: deque[Entry] = deque()
        self._put_bytes = self._taken_bytes = 0  # each is changed by one thread alone
        self._missed: deque[str] = deque()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._synced_s = monotonic_s()
        self._has_unsynced = False
        self._thread = threading.Thread(target=self._run, name="livedash-store", daemon=True)
        self._is_open_again = False
        self.is_out = False
        self.failure: str | None = None
        self.is_watched = False  # on_turn is called after each turn
        self.was_emptied = False  # the store lost what it had: all of it has to be put anew
        self.size_bytes = 0

    def start(self) -> None:
        self._thread.start()

    # Of the thread that puts

    def put(self, entry: Entry) -> None:
        self._put_bytes += bytes_of(entry)
        self._queue.append(entry)
        if not self._wake.is_set():
            self._wake.set()

    @property
    def waiting_bytes(self) -> int:
        return self._put_bytes - self._taken_bytes

    @property
    def is_full(self) -> bool:
        return self.waiting_bytes > limits.STORE_QUEUE_BYTES or len(self._queue) > limits.STORE_QUEUE_ENTRIES

    def take_missed(self) -> list[str]:
        """Rooms of which the store may lack something."""
        return [self._missed.popleft() for _ in range(len(self._missed))]

    @property
    def is_idle(self) -> bool:
        return not self._queue

    @property
    def may_go_on(self) -> bool:
        return self._is_open_again

    def go_on(self, *, has_all: bool) -> None:
        """`has_all`: the store lacks nothing, so that there is nothing that would show whether it works again."""
        self._is_open_again = self.is_out = False
        if has_all:
            self._note_success()
        self._wake.set()

    def stop(self) -> bool:
        """Writes what waits and ends. True if the store then has all that was put."""
        self._stop.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)
        return not (self.is_running or self.is_out or self._queue or self._missed)

    @property
    def is_running(self) -> bool:
        """The store is its own, still."""
        return self._thread.is_alive()

    # Of the writer's own

    def _run(self) -> None:
        has_ended = False
        try:
            while not self._stop.is_set():
                self._wake.wait(self._sync_due_s())
                self._wake.clear()
                self._stop.wait(limits.STORE_GATHER_S)
                self._turn()
            self._turn()
            has_ended = True
        finally:
            if not has_ended:  # a mistake of ours, which threading tells on stderr; the hub goes on without this thread
                self.is_out, self.failure = True, "livedash's own writer failed, please report it"

    def _turn(self) -> None:
        if not self.is_out:
            self._write()
        elif not self._is_open_again:
            self._open_again()
        if self.is_watched:
            self._on_turn()

    def _write(self) -> None:
        entries = [self._queue.popleft() for _ in range(len(self._queue))]
        try:
            if entries:
                self._store.write(entries)
                self._has_unsynced = True
                self._note_success()
            if self._has_unsynced and monotonic_s() - self._synced_s >= limits.STORE_SYNC_S:
                self._store.sync()
                self._synced_s, self._has_unsynced = monotonic_s(), False
            self.size_bytes = self._store.size_bytes()
        except OSError as error:
            self._fail(str(error))
            self._miss(entries)
            self._on_turn()
        else:
            self._taken_bytes += sum(bytes_of(entry) for entry in entries)

    def _miss(self, entries: list[Entry]) -> None:
        self._missed.extend(name_of(entry) for entry in entries)
        self._taken_bytes += sum(bytes_of(entry) for entry in entries)

    def _fail(self, reason: str) -> None:
        if self.failure is None:
            log.error("rooms are not kept on disk: %s; tried again every %g s", reason, limits.STORE_RETRY_S)
        self.is_out, self.failure = True, reason

    def _note_success(self) -> None:
        if self.failure is not None:
            log.warning("rooms are kept on disk again, in %s", self._store.path)
        self.failure = None

    def _open_again(self) -> None:
        self._stop.wait(limits.STORE_RETRY_S)
        try:
            if not self._store.open():
                self.was_emptied = True
        except (OSError, SettingRefusedError) as error:
            self._fail(str(error))
            return
        self._miss([self._queue.popleft() for _ in range(len(self._queue))])
        self._is_open_again = True
        self._on_turn()

    def _sync_due_s(self) -> float | None:
        if self.is_out:
            return None if self._is_open_again else 0.0
        return max(0.0, self._synced_s + limits.STORE_SYNC_S - monotonic_s()) if self._has_unsynced else None


def name_of(entry: Entry) -> str:
    match entry:
        case Described(header):
            return header.name
        case Whole(kept):
            return kept.header.name
        case Appended() | Trimmed() | Deleted() | Lost():
            return entry.room


def bytes_of(entry: Entry) -> int:
    match entry:
        case Appended():
            return entry.batch.nbytes + _ENTRY_BYTES
        case Whole(kept):
            return kept.nbytes + _ENTRY_BYTES
    return _ENTRY_BYTES
