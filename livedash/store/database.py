"""The file of a data directory: who may have it, whether it is ours and whole, and how SQLite writes it."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from livedash import limits
from livedash.errors import SettingRefusedError
from livedash.store.rows import DamagedError

log = logging.getLogger("livedash")

SCHEMA_VERSION: Final = 1
_APPLICATION_ID: Final = 0x4C444153  # "LDAS": `file rooms.sqlite3` shows it
_FILE: Final = "rooms.sqlite3"
_LOCK: Final = "lock"
_SET_ASIDE: Final = "damaged-"
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700
_SCHEMA: Final = """
CREATE TABLE hub (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
INSERT INTO hub VALUES ('is_complete', 1);
CREATE TABLE rooms (id INTEGER PRIMARY KEY, name TEXT UNIQUE, epoch TEXT, first INTEGER, top INTEGER, header BLOB);
CREATE TABLE batches (id INTEGER PRIMARY KEY, room INTEGER, last INTEGER, count INTEGER, checksum INTEGER, data BLOB);
CREATE INDEX batches_by_offset ON batches (room, last);
CREATE TABLE latest (id INTEGER PRIMARY KEY, room INTEGER, key TEXT, checksum INTEGER, data BLOB, UNIQUE (room, key));
CREATE TABLE answers (id INTEGER PRIMARY KEY, room INTEGER, publisher TEXT, seq INTEGER, epoch TEXT, offset INTEGER);
CREATE INDEX answers_by_publisher ON answers (room, publisher);
CREATE TABLE losses (room INTEGER, publisher TEXT, dropped INTEGER, PRIMARY KEY (room, publisher)) WITHOUT ROWID;
CREATE TABLE deleted (id INTEGER PRIMARY KEY, name TEXT UNIQUE, former BLOB);
CREATE TABLE requests (id INTEGER PRIMARY KEY, room TEXT, caller TEXT, key TEXT, digest BLOB, epoch TEXT, offset INTEGER,
    at_us INTEGER);
CREATE INDEX requests_by_time ON requests (at_us);
"""


class Database:
    """An open file and the lock on its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / _FILE
        self._lock: sqlite3.Connection | None = None
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    @property
    def connection(self) -> sqlite3.Connection:
        """Raises OSError where it is closed."""
        if self._connection is None:
            raise OSError(f"{self.path} is not open")
        return self._connection

    def open(self) -> bool:
        """As Store.open."""
        self.close()
        try:
            self._prepare_folder()
            self._take_lock()
            return self._connect_or_set_aside()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        for connection in (self._connection, self._lock):
            if connection is not None:
                with contextlib.suppress(sqlite3.Error):
                    connection.close()
        self._connection = self._lock = None

    def is_there(self) -> bool:
        """False where somebody removed or replaced the file, which SQLite would not notice."""
        try:
            return self.path.stat().st_ino == self._inode
        except OSError:
            return False

    def log_bytes(self) -> int:
        try:
            return Path(f"{self.path}-wal").stat().st_size
        except OSError:
            return 0

    def _prepare_folder(self) -> None:
        try:
            self.folder.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
            for name in (_FILE, _LOCK):
                _create(self.folder / name)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise OSError(f"{self.folder} can't be written ({reason}); choose another data directory") from error

    def _take_lock(self) -> None:
        """A transaction on a file of its own, held as long as the store is open: it ends with the process, however that
        ends, is not inherited by forked children, and holds against another store in this process too.
        """
        self._lock = sqlite3.connect(self.folder / _LOCK, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            self._lock.execute("PRAGMA journal_mode=OFF")
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise SettingRefusedError(
                f"the data directory {self.folder} is in use by another livedash ({error}); "
                "end that one, or choose another directory"
            ) from error

    def _connect_or_set_aside(self) -> bool:
        try:
            return self._connect()
        except DamagedError as error:
            self.set_aside(error)
            return False

    def _connect(self) -> bool:
        self._inode = self.path.stat().st_ino
        self._connection = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
        with as_os_error():
            is_new = self._check_version(self._connection)
            for pragma in (
                "journal_mode=WAL",
                "synchronous=NORMAL",  # survives the process's end; a power cut may take what was not synced
                f"wal_autocheckpoint={limits.STORE_LOG_BYTES // 4096}",
                f"journal_size_limit={limits.STORE_LOG_BYTES}",
            ):
                self._connection.execute(f"PRAGMA {pragma}")
        return not is_new

    def _check_version(self, connection: sqlite3.Connection) -> bool:
        """True for a new file, which has its tables then."""
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables:
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.executescript(
                f"BEGIN; PRAGMA application_id={_APPLICATION_ID}; PRAGMA user_version={SCHEMA_VERSION}; {_SCHEMA} COMMIT;"
            )
            return True
        if application != _APPLICATION_ID:
            raise SettingRefusedError(f"{self.path} is no file of livedash; choose another data directory")
        if version > SCHEMA_VERSION:
            raise SettingRefusedError(
                f"{self.path} was written by a newer livedash (its version is {version}, this one knows {SCHEMA_VERSION}); "
                "upgrade livedash, or choose another data directory"
            )
        return False

    def set_aside(self, error: Exception) -> None:
        """Puts an empty file in its place. One damaged file is kept, the last: a folder must not grow by them."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        aside = self.folder / f"{_SET_ASIDE}{_FILE}"
        for suffix in ("", "-wal", "-shm"):
            source, target = Path(f"{self.path}{suffix}"), Path(f"{aside}{suffix}")
            target.unlink(missing_ok=True)
            if source.exists():
                source.replace(target)
        log.error("%s is damaged (%s): it is now %s, and an empty one takes its place", self.path, error, aside.name)
        _create(self.path)
        self._connect()


def _create(path: Path) -> None:
    """For its owner alone. SQLite gives its other files the mode of the first."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, _FILE_MODE))
    path.chmod(_FILE_MODE)


@contextlib.contextmanager
def as_os_error() -> Iterator[None]:
    """SQLite's errors as this package knows them. Raises DamagedError or OSError."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        is_of_content = not hasattr(error, "sqlite_errorcode")  # Python could not read what SQLite gave it
        if is_of_content or type(error) is sqlite3.DatabaseError or isinstance(error, sqlite3.IntegrityError):
            raise DamagedError(str(error)) from error
        raise OSError(f"SQLite says: {error}") from error
