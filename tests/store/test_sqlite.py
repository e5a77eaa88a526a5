from __future__ import annotations

import contextlib
import itertools
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from livedash import limits
from livedash.core.publishers import Request
from livedash.store.sqlite import SqliteStore
from livedash.wire.position import Position
from tests.store.told_hub import ToldHub, looks

FILE = "rooms.sqlite3"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path)
    opened.open()
    opened.load()
    yield opened
    opened.close(is_complete=True)


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(folder / FILE)) as connection:
        return connection.execute(query).fetchall()


def loaded(folder: Path) -> dict[str, object]:
    store = SqliteStore(folder)
    store.open()
    kept = store.load()
    store.close(is_complete=True)
    return looks(kept.rooms)


def test_small_batches_of_one_write_are_joined_where_no_value_changes_by_it(
    told: ToldHub, store: SqliteStore, tmp_path: Path
) -> None:
    told.push_numbers(1, 10)
    told.push({"n": 0.5})
    told.push({"n": 11}, {"n": 12})
    told.push({"n": 13})
    told.push_numbers(1, 4, room="other")
    store.write(told.take())
    query = "SELECT name, last, count FROM batches JOIN rooms ON rooms.id = room ORDER BY batches.id"
    assert rows(tmp_path, query) == [("train", 10, 10), ("train", 11, 1), ("train", 14, 3), ("other", 4, 4)]


def test_a_write_is_there_for_who_looks_though_the_process_goes_no_further(
    told: ToldHub, store: SqliteStore, tmp_path: Path
) -> None:
    """As after a kill: what was written lies in the system's hands, and SQLite finds it in its log."""
    told.push_numbers(1, 3)
    store.write(told.take())
    told.push_numbers(4, 5)
    store.write(told.take())
    assert rows(tmp_path, "SELECT name, epoch, first, top FROM rooms") == [("train", "e1", 1, 5)]


def test_answers_on_disk_are_as_many_as_can_be_in_flight_and_more(
    told: ToldHub, store: SqliteStore, tmp_path: Path
) -> None:
    last = 5 * limits.STORE_ANSWERS
    for seq in range(1, last + 1):
        told.push({"n": seq}, origin=("p1", seq))
        if seq % 100 == 0:
            told.push({"n": 0}, origin=("p2", seq))
            store.write(told.take())
    store.write(told.take())
    counts = dict(rows(tmp_path, "SELECT publisher, count(*) FROM answers GROUP BY publisher"))
    assert limits.STORE_ANSWERS <= int(str(counts["p1"])) <= 3 * limits.STORE_ANSWERS
    assert counts["p2"] == last // 100
    store.close(is_complete=True)
    store.open()
    told.begin_again(store.load())
    for seq in range(last - limits.PUBLISHER_IN_FLIGHT, last + 1):
        assert told.hub.room("train").publishers.answer("p1", seq) is not None


def test_publishers_on_disk_are_bounded_and_those_unheard_for_longest_go_first(
    told: ToldHub, store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PUBLISHERS_PER_ROOM", 3)
    for number in range(6):
        told.push({"n": number}, origin=(f"p{number}", 1))
        told.push({"n": number}, origin=("p0", number + 2))
        store.write(told.take())
    assert {row[0] for row in rows(tmp_path, "SELECT DISTINCT publisher FROM answers")} == {"p0", "p4", "p5"}


def test_requests_on_disk_go_when_their_key_is_forgotten(told: ToldHub, store: SqliteStore, tmp_path: Path) -> None:
    for minute in (0, 5, 11):
        told.push({"n": 1}, request=Request("ada", f"k{minute}", b""), now_us=minute * 60_000_000)
        store.write(told.take())
    assert rows(tmp_path, "SELECT key FROM requests ORDER BY id") == [("k5",), ("k11",)]


def test_deleted_rooms_on_disk_are_bounded(
    told: ToldHub, store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DELETED_ROOMS", 2)
    for number in range(5):
        told.push_numbers(1, 1, room=f"r{number}")
        told.hub.delete(f"r{number}")
        store.write(told.take())
    assert rows(tmp_path, "SELECT name FROM deleted ORDER BY id") == [("r3",), ("r4",)]
    assert rows(tmp_path, "SELECT count(*) FROM rooms") == [(0,)]


# The bound of the folder


def test_a_full_folder_loses_the_oldest_records_of_its_largest_room(told: ToldHub, tmp_path: Path) -> None:
    bound = limits.STORE_LOG_BYTES + 8 * limits.MIB
    store = SqliteStore(tmp_path, bound)
    store.open()
    store.load()
    noise = random.Random(7)
    told.push({"n": 1}, room="small")
    for _ in range(60):
        told.push({"text": noise.randbytes(150_000).hex()}, room="large")
        store.write(told.take())
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= bound
    store.close(is_complete=True)
    rooms = loaded(tmp_path)
    small, large = rooms["small"], rooms["large"]
    assert isinstance(small, dict)
    assert isinstance(large, dict)
    assert (small["first"], small["top"]) == (1, 1)
    assert large["top"] == 60
    assert 30 < large["first"] < 60


def test_space_of_what_is_gone_is_given_back_to_the_disk(told: ToldHub, store: SqliteStore, tmp_path: Path) -> None:
    noise = random.Random(7)
    for _ in range(20):
        told.push({"text": noise.randbytes(150_000).hex()})
    store.write(told.take())
    store.sync()
    before = (tmp_path / FILE).stat().st_size
    told.hub.delete("train")
    store.write(told.take())
    for _ in range(10):
        store.sync()
    assert (tmp_path / FILE).stat().st_size < before / 4


# Damage and loss


def test_a_record_that_was_changed_on_disk_is_found_and_the_file_set_aside(
    told: ToldHub, store: SqliteStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told.push_numbers(1, 5)
    store.write(told.take())
    store.close(is_complete=True)
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("UPDATE batches SET data = CAST(substr(data, 1, length(data) - 1) || x'07' AS BLOB)")
    assert loaded(tmp_path) == {}
    assert "another checksum" in caplog.text
    assert (tmp_path / f"damaged-{FILE}").exists()


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM batches WHERE last = 2",
        "DELETE FROM batches WHERE last = 3",
        "UPDATE batches SET count = 2 WHERE last = 2",
        "UPDATE rooms SET header = x'00'",
        "UPDATE rooms SET top = 9",
    ],
)
def test_records_that_do_not_follow_each_other_are_found(
    told: ToldHub, store: SqliteStore, tmp_path: Path, damage: str
) -> None:
    for number in (1, 2, 3):
        told.push({f"n{number}": number})
    store.write(told.take())
    store.close(is_complete=True)
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute(damage)
    assert loaded(tmp_path) == {}
    assert (tmp_path / f"damaged-{FILE}").exists()


def test_a_file_that_is_torn_anywhere_is_set_aside_or_gives_what_was_written(told: ToldHub, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.open()
    store.load()
    told.push_numbers(1, 400)
    store.write(told.take())
    store.close(is_complete=True)
    whole = (tmp_path / FILE).read_bytes()
    for number in itertools.chain(range(0, len(whole), len(whole) // 12)):
        (tmp_path / FILE).write_bytes(whole[:number] + bytes(512) + whole[number + 512 :])
        rooms = loaded(tmp_path)
        assert rooms == {} or rooms == told.looks(), number


def test_a_file_that_somebody_removed_is_told_and_made_anew(told: ToldHub, store: SqliteStore, tmp_path: Path) -> None:
    told.push_numbers(1, 3)
    store.write(told.take())
    (tmp_path / FILE).unlink()
    with pytest.raises(OSError, match="was removed"):
        store.sync()
    with pytest.raises(OSError, match="not open"):
        store.write(told.take())
    assert not store.open()
    told.push_numbers(1, 1, room="later")
    store.write(told.take()[-1:])
    assert rows(tmp_path, "SELECT name FROM rooms") == [("later",)]


def test_a_disk_that_takes_nothing_is_told_and_what_was_written_stays(
    told: ToldHub, store: SqliteStore, tmp_path: Path
) -> None:
    told.push_numbers(1, 3)
    store.write(told.take())
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count={pages}")
    noise = random.Random(7)
    told.push({"text": noise.randbytes(100_000).hex()})
    with pytest.raises(OSError, match="full"):
        store.write(told.take())
    assert store.open()
    assert rows(tmp_path, "SELECT top FROM rooms") == [(3,)]
    told.begin_again(store.load())
    assert told.hub.room("train").position.offset == 3
    assert told.hub.room("train").position == Position("e2", 3)
