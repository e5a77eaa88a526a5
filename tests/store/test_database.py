from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from livedash.errors import SettingRefusedError
from livedash.store.database import SCHEMA_VERSION, Database

LIMIT_S = 30.0
HOLDER = """import sys, time
from pathlib import Path
from livedash.store.database import Database
database = Database(Path(sys.argv[1]))
database.open()
print("open", flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "data"


def make(folder: Path) -> None:
    database = Database(folder)
    database.open()
    database.close()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folder_and_files_are_for_their_owner_alone(folder: Path) -> None:
    mask = os.umask(0)
    try:
        database = Database(folder)
        assert not database.open()
        database.connection.execute("UPDATE hub SET value = 1")
        assert mode_of(folder) == 0o700
        assert {path.name: mode_of(path) for path in folder.iterdir()} == dict.fromkeys(
            ["rooms.sqlite3", "rooms.sqlite3-wal", "rooms.sqlite3-shm", "lock"], 0o600
        )
        database.close()
    finally:
        os.umask(mask)


def test_a_file_that_others_could_read_is_closed_to_them(folder: Path) -> None:
    make(folder)
    (folder / "rooms.sqlite3").chmod(0o644)
    database = Database(folder)
    with contextlib.closing(database):
        database.open()
        assert mode_of(folder / "rooms.sqlite3") == 0o600


def test_what_is_there_is_told_from_an_empty_file(folder: Path) -> None:
    database = Database(folder)
    assert not database.open()
    assert database.open()
    database.close()


def test_a_second_store_of_this_process_is_refused_as_long_as_the_first_is_open(folder: Path) -> None:
    first, second = Database(folder), Database(folder)
    first.open()
    with pytest.raises(SettingRefusedError, match="in use by another livedash"):
        second.open()
    first.connection.execute("SELECT 1")
    first.close()
    second.open()
    second.close()


def test_a_store_of_another_process_is_refused_until_that_is_killed(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(SettingRefusedError, match="end that one, or choose another"):
            Database(folder).open()
        holder.kill()
        holder.wait(LIMIT_S)
        database = Database(folder)
        assert database.open()
        database.close()


def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(folder: Path) -> None:
    make(folder)
    with contextlib.closing(sqlite3.connect(folder / "rooms.sqlite3")) as connection:
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    with pytest.raises(SettingRefusedError, match=r"its version is 2, this one knows 1\); upgrade livedash"):
        Database(folder).open()
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "rooms.sqlite3"]


def test_a_database_that_is_none_of_ours_is_refused_and_left_as_it_is(folder: Path) -> None:
    folder.mkdir(parents=True)
    with contextlib.closing(sqlite3.connect(folder / "rooms.sqlite3")) as connection:
        connection.execute("CREATE TABLE hotel (rooms)")
    with pytest.raises(SettingRefusedError, match="no file of livedash"):
        Database(folder).open()
    with contextlib.closing(sqlite3.connect(folder / "rooms.sqlite3")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("hotel",)]


@pytest.mark.parametrize("content", [b"not a database at all" * 300, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_file_is_set_aside_and_an_empty_one_takes_its_place(
    folder: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    folder.mkdir(parents=True)
    (folder / "rooms.sqlite3").write_bytes(content)
    database = Database(folder)
    assert not database.open()
    assert (folder / "damaged-rooms.sqlite3").read_bytes() == content
    assert mode_of(folder / "rooms.sqlite3") == 0o600
    assert "damaged-rooms.sqlite3, and an empty one takes its place" in caplog.text
    assert database.open()
    database.close()


def test_a_folder_that_can_not_be_made_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"file/data can't be written \(Not a directory\); choose another"):
        Database(tmp_path / "file" / "data").open()


def test_a_file_that_was_removed_or_replaced_is_noticed(folder: Path) -> None:
    database = Database(folder)
    database.open()
    assert database.is_there()
    (folder / "rooms.sqlite3").rename(folder / "elsewhere")
    assert not database.is_there()
    (folder / "rooms.sqlite3").write_bytes(b"")
    assert not database.is_there()
    database.close()
    with pytest.raises(OSError, match="is not open"):
        database.connection.execute("SELECT 1")
