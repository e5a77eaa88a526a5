"""All that a file holds, as a hub can take it over."""

from __future__ import annotations

import sqlite3
from collections import defaultdict

from livedash.core.kept import KeptAnswer, KeptRoom
from livedash.core.publishers import Request
from livedash.store.contract import Kept, KeptRequest
from livedash.store.rows import DamagedError, batch_of_bytes, former_of_bytes, header_of_bytes
from livedash.store.shelf import Shelf
from livedash.wire.batch import Batch
from livedash.wire.position import Position

_MICROSECONDS = 1_000_000


def read_shelves(connection: sqlite3.Connection) -> dict[str, Shelf]:
    """The rooms without what they hold. Raises sqlite3.Error."""
    rows = connection.execute("SELECT id, name, epoch, first, top FROM rooms").fetchall()
    shelves = {name: Shelf(row, epoch, first, top) for row, name, epoch, first, top in rows}
    by_id = {shelf.id: shelf for shelf in shelves.values()}
    counts = "SELECT room, publisher, count(*) FROM answers GROUP BY room, publisher ORDER BY max(id)"
    for room, publisher, count in connection.execute(counts):
        if room in by_id:
            by_id[room].answers[publisher] = count
    return shelves


def read_all(connection: sqlite3.Connection) -> Kept:
    """Raises DamagedError or sqlite3.Error."""
    (is_complete,) = connection.execute("SELECT value FROM hub WHERE name = 'is_complete'").fetchone()
    deleted = connection.execute("SELECT name, former FROM deleted ORDER BY id").fetchall()
    requests = connection.execute("SELECT room, caller, key, digest, epoch, offset, at_us FROM requests ORDER BY id")
    return Kept(
        rooms=_read_rooms(connection),
        deleted={name: former_of_bytes(former) for name, former in deleted},
        requests=tuple(
            KeptRequest(room, Request(caller, key, digest), Position(epoch, offset), at_us / _MICROSECONDS)
            for room, caller, key, digest, epoch, offset, at_us in requests
        ),
        is_clean=bool(is_complete),
    )


def _read_rooms(connection: sqlite3.Connection) -> tuple[KeptRoom, ...]:
    rows = connection.execute("SELECT id, header, first, top FROM rooms ORDER BY id").fetchall()
    firsts = {row: first for row, _, first, _ in rows}
    batches, tops = _read_batches(connection, firsts)
    latest: defaultdict[int, list[Batch]] = defaultdict(list)
    for room, checksum, data in connection.execute("SELECT room, checksum, data FROM latest ORDER BY id"):
        latest[room].append(batch_of_bytes(data, checksum))
    answers: defaultdict[int, list[KeptAnswer]] = defaultdict(list)
    for room, publisher, seq, epoch, offset in connection.execute(
        "SELECT room, publisher, seq, epoch, offset FROM answers ORDER BY id"
    ):
        answers[room].append(KeptAnswer(publisher, seq, Position(epoch, offset)))
    dropped: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for room, publisher, count in connection.execute("SELECT room, publisher, dropped FROM losses"):
        dropped[room][publisher] = count
    found = []
    for row, header, first, top in rows:
        if tops.get(row, first - 1) != top:
            raise DamagedError(f"a room that goes up to {top} holds records up to {tops.get(row)}")
        held = (tuple(batches[row]), tuple(latest[row]), tuple(answers[row]))
        found.append(KeptRoom(header_of_bytes(header), first, *held, dropped[row]))
    return tuple(found)


def _read_batches(
    connection: sqlite3.Connection, firsts: dict[int, int]
) -> tuple[defaultdict[int, list[Batch]], dict[int, int]]:
    """Of each room, from its first offset on, and up to where they go."""
    batches: defaultdict[int, list[Batch]] = defaultdict(list)
    tops: dict[int, int] = {}
    for room, last, count, checksum, data in connection.execute(
        "SELECT room, last, count, checksum, data FROM batches ORDER BY id"  # as they lie on disk
    ):
        first = firsts[room]
        if last < first:
            continue
        batch = batch_of_bytes(data, checksum)
        start = last - count + 1
        if batch.count != count or start > tops.get(room, first - 1) + 1 or (room in tops and start != tops[room] + 1):
            raise DamagedError("the records of a room do not follow each other")
        batches[room].append(batch.slice(max(0, first - start), count))
        tops[room] = last
    return batches, tops
