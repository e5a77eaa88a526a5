"""A store in one SQLite file: see database.py for the file, transaction.py for what is written, reading.py for reading."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from livedash import limits
from livedash.core.journal import Appended, Entry, Whole
from livedash.store.contract import Kept
from livedash.store.database import Database, as_os_error
from livedash.store.reading import read_all, read_shelves
from livedash.store.rows import DamagedError
from livedash.store.transaction import Shelves, Transaction

_SLACK = 10  # a folder that is full is freed of a tenth at once
_UNUSED_SHARE = 4  # more unused pages than a quarter are given back


class SqliteStore:
    """Store. `bound_bytes` of the whole folder: the oldest records of the largest room go first."""

    def __init__(self, folder: Path, bound_bytes: int = limits.DATA_DIR_BYTES) -> None:
        self._database = Database(folder)
        self._bound = bound_bytes
        self._shelves: Shelves = {}
        self._damage: Exception | None = None

    @property
    def path(self) -> str:
        return str(self._database.folder)

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._database.connection

    def open(self) -> bool:
        is_old = self._database.open()
        try:
            if self._damage is None:
                with as_os_error():
                    self._shelves = read_shelves(self._connection)
                    return is_old
        except DamagedError as error:
            self._damage = error
        self._set_aside()
        return False

    def load(self) -> Kept:
        try:
            with as_os_error():
                kept = read_all(self._connection)
        except (DamagedError, TypeError, ValueError) as error:  # columns of SQLite hold values of any type
            self._damage = error
            self._set_aside()
            kept = Kept()
        self._note_complete(is_complete=False)
        return kept

    def write(self, entries: Sequence[Entry]) -> None:
        try:
            with as_os_error():
                self._write(entries)
        except (OSError, DamagedError) as error:
            self._damage = error if isinstance(error, DamagedError) else None
            self._database.close()
            raise OSError(str(error)) from error

    def sync(self) -> None:
        if not self._database.is_there():
            self._database.close()
            raise OSError(f"{self._database.path} was removed")
        try:
            with as_os_error():
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                pages, unused = self._pages()
                if unused * _UNUSED_SHARE > pages:
                    self._connection.executescript(
                        f"PRAGMA incremental_vacuum({unused // 2})"
                    )  # execute() stops at one
        except (OSError, DamagedError) as error:
            self._damage = error if isinstance(error, DamagedError) else None
            self._database.close()
            raise OSError(str(error)) from error

    def size_bytes(self) -> int:
        with contextlib.suppress(OSError, sqlite3.Error):
            return self._used_bytes() + self._database.log_bytes()
        return 0

    def close(self, *, is_complete: bool) -> None:
        with contextlib.suppress(OSError, DamagedError):
            if is_complete:
                self._note_complete(is_complete=True)
        self._database.close()

    def _set_aside(self) -> None:
        assert self._damage is not None
        self._database.set_aside(self._damage)
        self._damage = None
        self._shelves = {}

    def _write(self, entries: Sequence[Entry]) -> None:
        transaction = Transaction(self._connection, self._shelves)
        self._connection.execute("BEGIN IMMEDIATE")
        self._make_room(sum(_nbytes(entry) for entry in entries))
        for entry in entries:
            transaction.apply(entry)
        transaction.flush()
        self._connection.execute("COMMIT")

    def _note_complete(self, *, is_complete: bool) -> None:
        """On disk when this returns: after a power cut the file must not say that it knows all when it does not."""
        with as_os_error():
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute("UPDATE hub SET value = ? WHERE name = 'is_complete'", (is_complete,))
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._connection.execute("PRAGMA synchronous=NORMAL")

    # The bound

    def _pages(self) -> tuple[int, int]:
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        (unused,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        return pages, unused

    def _used_bytes(self) -> int:
        pages, unused = self._pages()
        (page_bytes,) = self._connection.execute("PRAGMA page_size").fetchone()
        return int((pages - unused) * page_bytes)

    def _make_room(self, needed: int) -> None:
        """What is dropped here goes from disk alone: after a restart, the room's history begins later."""
        excess = (
            self._used_bytes() + limits.STORE_LOG_BYTES + 2 * needed - self._bound
        )  # it lies in the log, then in the file
        if excess <= 0:
            return
        excess += self._bound // _SLACK
        sizes = dict(self._connection.execute("SELECT room, sum(length(data)) FROM batches GROUP BY room").fetchall())
        shelves = {shelf.id: shelf for shelf in self._shelves.values()}
        while excess > 0 and sizes:
            room = max(sizes, key=sizes.__getitem__)
            next_size = max((size for other, size in sizes.items() if other != room), default=0)
            wanted = min(excess, max(sizes[room] - next_size, self._bound // _SLACK))
            freed, last = self._oldest(room, wanted)
            if freed == 0:
                del sizes[room]
                continue
            self._connection.execute("DELETE FROM batches WHERE room = ? AND last <= ?", (room, last))
            shelves[room].trim(last + 1)
            self._connection.execute("UPDATE rooms SET first = ? WHERE id = ?", (shelves[room].first, room))
            sizes[room] -= freed
            excess -= freed

    def _oldest(self, room: int, wanted: int) -> tuple[int, int]:
        """How many bytes, and up to which offset, the oldest batches of a room have that make `wanted`; never the newest."""
        freed = upto = 0
        rows = self._connection.execute("SELECT last, length(data) FROM batches WHERE room = ? ORDER BY last", (room,))
        before: tuple[int, int] | None = None
        for last, nbytes in rows:
            if before is not None:
                upto, freed = before[0], freed + before[1]
                if freed >= wanted:
                    break
            before = (last, nbytes)
        return freed, upto


def _nbytes(entry: Entry) -> int:
    match entry:
        case Appended():
            return entry.batch.nbytes
        case Whole(kept):
            return kept.nbytes
    return 0
