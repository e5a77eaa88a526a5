from __future__ import annotations

import pytest

from livedash.brokers.entries import (
    AddLink,
    Entry,
    PutDashboard,
    Rescue,
    RevokeLink,
    SharedChange,
    entry_of_bytes,
    room_of,
    to_bytes,
)
from livedash.core.changes import Append, Clear, Configure, Delete, GiveBack, Moment, NoteLost
from livedash.core.kept import KeptAnswer
from livedash.core.publishers import Request
from livedash.core.rescue import Author, Rescued
from livedash.errors import ProtocolError
from livedash.sharing.link import Link
from livedash.wire.batch import Batch
from livedash.wire.position import Position
from livedash.wire.specs import dashboard_of_rooms

RECORDS = [{"n": 1, "tag": "a", "more": {"deep": [1, None]}}, {"n": 2.5}, {"flag": True}]
BATCH = Batch.from_records(RECORDS, [1, 2, 3])
CHANGES: tuple[SharedChange, ...] = (
    Append("train", BATCH, "p1", 3, Request("ada", "k", b"digest"), {"key": "n"}),
    GiveBack("train", "k3x9", 4, BATCH, "p1", None, 9),
    Configure("train", {"history_age": 60.0}),
    Clear("train"),
    Delete("train"),
    NoteLost("train", "p1", 7),
    AddLink(Link("id", ("train", "lab.*"), 1.0, 2.0, "for Ann", "ada"), b"digest"),
    RevokeLink("id"),
    PutDashboard("run", dashboard_of_rooms(("train",))),
    Rescue(Rescued("train", "k3x9", 1, (BATCH,), (Author(3, "a", 1),), (KeptAnswer("p", 1, Position("e", 3)),), {})),
)


def plain(value: object) -> object:
    """Batches have no equality of their own."""
    return to_bytes(value)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: type(change).__name__)
def test_each_change_comes_back_from_the_log_as_it_was(change: SharedChange) -> None:
    entry = Entry("node", 7, Moment(5, "k3x9"), change)
    read = entry_of_bytes(to_bytes(entry))
    assert (plain(read), type(read.change), read.moment) == (plain(entry), type(change), entry.moment)


def test_records_come_back_as_they_were() -> None:
    read = entry_of_bytes(to_bytes(Entry("node", 1, Moment(0), Append("train", BATCH)))).change
    assert isinstance(read, Append)
    assert (read.batch.records(), read.batch.times_us()) == (RECORDS, [1, 2, 3])


def test_a_change_of_a_room_names_it_and_others_name_none() -> None:
    assert [room_of(change) for change in CHANGES] == ["train"] * 6 + [None] * 3 + ["train"]


@pytest.mark.parametrize("data", [b"", b"\xc1", to_bytes(["node", 1, [0, ""], ["later", "train"]]), to_bytes({"a": 1})])
def test_what_no_livedash_wrote_or_a_later_one_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="can't read"):
        entry_of_bytes(data)
