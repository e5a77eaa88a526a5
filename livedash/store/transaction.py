"""One transaction on the file: entries of a hub's journal in, rows out."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable

from livedash import limits
from livedash.core.journal import Appended, Deleted, Described, Entry, Lost, Trimmed, Whole
from livedash.core.kept import RoomHeader
from livedash.store.rows import bytes_of_batch, bytes_of_former, bytes_of_header, checksum_of, joined, text_of_key
from livedash.store.shelf import Shelf, trimmed_answers
from livedash.wire.batch import Batch
from livedash.wire.position import MAX_OFFSET

_MICROSECONDS = 1_000_000
Shelves = dict[str, Shelf]


class Transaction:
    """Takes entries and writes them at `flush`, between the caller's BEGIN and COMMIT. Raises sqlite3.Error.

    `shelves` are moved on; where the transaction fails, they must be read from the file again.
    """

    def __init__(self, connection: sqlite3.Connection, shelves: Shelves) -> None:
        self._connection = connection
        self._shelves = shelves
        self._touched: dict[str, Shelf] = {}
        self._requests: list[tuple[object, ...]] = []

    def apply(self, entry: Entry) -> None:
        match entry:
            case Appended():
                self._append(entry)
            case Trimmed(room, held_from):
                self._touch(room).trim(held_from)
            case Described(header):
                self._describe(header, 1)
            case Lost(room, publisher, dropped):
                self._touch(room).dropped[publisher] = min(dropped, MAX_OFFSET)
            case Whole(kept):
                self._describe(kept.header, kept.first).replace(kept)
            case Deleted(room, former):
                self._delete(room)
                if former is not None:
                    self._connection.execute(
                        "REPLACE INTO deleted (name, former) VALUES (?, ?)", (room, bytes_of_former(former))
                    )
                    self._connection.execute(
                        "DELETE FROM deleted WHERE id <= (SELECT id FROM deleted ORDER BY id DESC LIMIT 1 OFFSET ?)",
                        (limits.DELETED_ROOMS,),
                    )

    def flush(self) -> None:
        for name, shelf in self._touched.items():
            self._write(name, shelf)
            shelf.begin()
        if self._requests:
            self._connection.executemany(
                "INSERT INTO requests (room, caller, key, digest, epoch, offset, at_us) VALUES (?, ?, ?, ?, ?, ?, ?)",
                self._requests,
            )
            oldest_us = max(int(str(request[-1])) for request in self._requests) - limits.IDEMPOTENCY_S * _MICROSECONDS
            self._connection.execute("DELETE FROM requests WHERE at_us < ?", (oldest_us,))

    def _append(self, entry: Appended) -> None:
        shelf = self._describe(entry.header, entry.first) if entry.header else self._touch(entry.room)
        shelf.append(entry)
        if (request := entry.request) is not None:
            place = (entry.epoch, entry.first + entry.batch.count - 1, entry.at_us)
            self._requests.append((entry.room, request.caller, request.key, request.digest, *place))

    def _describe(self, header: RoomHeader, first: int) -> Shelf:
        shelf = self._shelves.get(header.name)
        if shelf is None:
            self._connection.execute("DELETE FROM deleted WHERE name = ?", (header.name,))
            values = (header.name, header.epoch, first, first - 1, bytes_of_header(header))
            row = self._connection.execute(
                "INSERT INTO rooms (name, epoch, first, top, header) VALUES (?, ?, ?, ?, ?)", values
            ).lastrowid
            assert row is not None
            shelf = self._shelves[header.name] = Shelf(row, header.epoch, first, first - 1)
        shelf.describe(header, first)
        return self._touch(header.name)

    def _touch(self, name: str) -> Shelf:
        shelf = self._touched[name] = self._shelves[name]
        return shelf

    def _delete(self, name: str) -> None:
        self._touched.pop(name, None)
        shelf = self._shelves.pop(name, None)
        if shelf is not None:
            for table in ("batches", "latest", "answers", "losses"):
                self._connection.execute(f"DELETE FROM {table} WHERE room = ?", (shelf.id,))
            self._connection.execute("DELETE FROM rooms WHERE id = ?", (shelf.id,))

    def _write(self, name: str, shelf: Shelf) -> None:
        run, room = self._connection.execute, shelf.id
        if shelf.is_emptied:
            run("DELETE FROM batches WHERE room = ?", (room,))
        if shelf.is_emptied or shelf.is_whole:
            run("DELETE FROM latest WHERE room = ?", (room,))
        if shelf.is_whole:
            run("DELETE FROM answers WHERE room = ?", (room,))
            shelf.answers.clear()
        self._write_records(shelf)
        self._write_latest(shelf)
        self._write_answers(shelf)
        for publisher, dropped in shelf.dropped.items():
            run("REPLACE INTO losses VALUES (?, ?, ?)", (room, publisher, dropped))
        run("UPDATE rooms SET epoch = ?, first = ?, top = ? WHERE id = ?", (shelf.epoch, shelf.first, shelf.top, room))
        if shelf.header is not None:
            run("UPDATE rooms SET header = ? WHERE id = ?", (bytes_of_header(shelf.header), room))

    def _write_records(self, shelf: Shelf) -> None:
        held = list(shelf.held_batches())
        last = held[0][0] - 1 if held else 0
        for batch in joined([batch for _, batch in held]):
            last += batch.count
            self._connection.execute(
                "INSERT INTO batches (room, last, count, checksum, data) VALUES (?, ?, ?, ?, ?)",
                (shelf.id, last, batch.count, *_data(batch)),
            )
        self._connection.execute("DELETE FROM batches WHERE room = ? AND last < ?", (shelf.id, shelf.first))

    def _write_latest(self, shelf: Shelf) -> None:
        removed = ((shelf.id, text_of_key(key)) for key in shelf.removed)
        self._connection.executemany("DELETE FROM latest WHERE room = ? AND key = ?", removed)
        self._connection.executemany(
            "INSERT INTO latest (room, key, checksum, data) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (room, key) DO UPDATE SET checksum = excluded.checksum, data = excluded.data",
            ((shelf.id, text_of_key(key), *_data(row)) for key, row in shelf.changes.items() if row is not None),
        )

    def _write_answers(self, shelf: Shelf) -> None:
        answers = list(shelf.countable_answers())
        self._connection.executemany(
            "INSERT INTO answers (room, publisher, seq, epoch, offset) VALUES (?, ?, ?, ?, ?)",
            ((shelf.id, each.publisher, each.seq, each.position.epoch, each.position.offset) for each in answers),
        )
        counts = Counter(answer.publisher for answer in answers)
        self._trim_answers(shelf, trimmed_answers(shelf, counts))

    def _trim_answers(self, shelf: Shelf, publishers: Iterable[tuple[str, int]]) -> None:
        of_publisher = "room = ? AND publisher = ?"
        for publisher, kept in publishers:
            self._connection.execute(
                f"DELETE FROM answers WHERE {of_publisher} AND id <= "
                f"(SELECT id FROM answers WHERE {of_publisher} ORDER BY id DESC LIMIT 1 OFFSET ?)",
                (shelf.id, publisher, shelf.id, publisher, kept),
            )


def _data(batch: Batch) -> tuple[int, bytes]:
    data = bytes_of_batch(batch)
    return checksum_of(data), data
