"""What lies on the shelves makes the same state again, whatever of it was written when."""

from __future__ import annotations

import pytest

from livedash import limits
from livedash.brokers.crowd import Crowd
from livedash.brokers.entries import AddLink, Entry, PutDashboard, SharedChange
from livedash.brokers.fold import Fold
from livedash.brokers.outgoing import Outgoing
from livedash.brokers.shelves import HUB, STATE, put_into, shelf_of_room
from livedash.brokers.shelving import Shelving
from livedash.brokers.state import SharedState
from livedash.core.changes import Append, Clear, Configure, Delete, Moment
from livedash.core.kept import kept_of
from livedash.core.publishers import Request
from livedash.errors import ProtocolError
from livedash.sharing.link import Link
from livedash.testing.broker import MemoryBroker, MemoryServer
from livedash.wire.specs import dashboard_of_rooms
from tests.brokers.hubs import batch, fresh_state


class Told:
    """A state that entries were made into, and the shelves of a broker in memory."""

    def __init__(self) -> None:
        self.server = MemoryServer()
        self.broker = MemoryBroker(self.server)
        self.state = fresh_state()
        self.fold = Fold(self.state, Outgoing(), Crowd(self.state.hub, "here"), 0, {}, lambda *_: None)
        self.shelving = Shelving(self.broker, "g", self.fold)
        self._number = 0

    def make(self, *changes: SharedChange) -> None:
        for change in changes:
            self._number += 1
            self.fold.mark = self._number
            entry = Entry("a", self._number, Moment(self._number, f"e{self._number}"), change)
            self.state.numbers.add("a", self._number)
            self.fold._apply(self._number, entry, None, 0.0)

    async def again(self) -> SharedState:
        """What the shelves make."""
        await self.broker.connect()
        await self.shelving.shelve(0.0)
        made = fresh_state()
        put_into(made, await self.broker.load("g"))
        return made


def looks(state: SharedState) -> object:
    """All that hubs must have alike."""
    rooms = {}
    for name, room in state.hub.rooms.items():
        kept = kept_of(room)
        held = [record for part in kept.batches for record in part.records()]
        latest = [record for part in kept.latest for record in part.records()]
        rooms[name] = (kept.header, kept.first, kept.top, held, latest, kept.answers, kept.dropped)
    return rooms, state.links.held(), state.dashboards, state.numbers.all(), state.hub.deleted.all()


@pytest.fixture
def told() -> Told:
    return Told()


async def test_rooms_links_and_dashboards_come_back(told: Told) -> None:
    told.make(
        Append("train", batch(1, 2), "p1", 1),
        Append("train", batch(3), "p1", 2),
        Configure("keyed", {"key": "n", "history_records": 1}),
        Append("keyed", batch(1, 2, 1)),
        AddLink(Link("id", ("train",), 1.0, 2.0), b"digest"),
        PutDashboard("run", dashboard_of_rooms(("train",))),
        Append("gone", batch(1)),
        Delete("gone"),
    )
    assert looks(await told.again()) == looks(told.state)


async def test_what_comes_after_one_shelving_is_put_by_the_next(told: Told) -> None:
    told.make(Append("train", batch(1, 2)))
    await told.again()
    told.make(Append("train", batch(3)), Append("other", batch(1)))
    assert looks(await told.again()) == looks(told.state)
    rows = [field for field in await told.broker.fields("g", shelf_of_room("train")) if field != STATE]
    assert rows == ["row:1", "row:3"]


async def test_much_that_came_is_put_row_by_row(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.make(Append("train", batch(1)))
    await told.again()
    monkeypatch.setattr(limits, "MESSAGE_BYTES", 2000)
    told.make(*(Append("train", batch(number)) for number in range(2, 30)))
    assert looks(await told.again()) == looks(told.state)
    assert len(await told.broker.fields("g", shelf_of_room("train"))) > 8


async def test_what_a_room_holds_no_more_is_taken_off(told: Told) -> None:
    told.make(Append("train", batch(1)))
    await told.again()
    told.make(Append("train", batch(2)))
    await told.again()
    told.make(Configure("train", {"history_records": 1}))
    assert looks(await told.again()) == looks(told.state)
    assert "row:1" not in await told.broker.fields("g", shelf_of_room("train"))


async def test_a_room_that_was_cleared_or_deleted_leaves_nothing_of_what_it_was(told: Told) -> None:
    told.make(Append("train", batch(1)), Append("other", batch(1)))
    await told.again()
    told.make(Clear("train"), Append("train", batch(2)), Delete("other"))
    assert looks(await told.again()) == looks(told.state)
    assert shelf_of_room("other") not in await told.broker.load("g")


async def test_a_room_that_is_deleted_while_it_is_put_is_not_there(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.make(Append("train", batch(1)))
    ask = told.broker.fields

    async def delete_meanwhile(generation: str, shelf: str) -> list[str]:
        found = await ask(generation, shelf)
        told.make(Delete("train"))
        return found

    monkeypatch.setattr(told.broker, "fields", delete_meanwhile)
    assert "train" not in (await told.again()).hub.rooms


async def test_a_hub_that_takes_the_lease_over_puts_what_the_last_one_had_not(told: Told) -> None:
    told.make(Append("train", batch(1)))
    await told.again()
    told.make(Append("train", batch(2)), Append("late", batch(3)))
    told.shelving = Shelving(told.broker, "g", told.fold)
    assert looks(await told.again()) == looks(told.state)


async def test_requests_are_known_again(told: Told) -> None:
    request = Request("ada", "k1", b"digest")
    told.make(Append("train", batch(1), request=request))
    made = await told.again()
    assert made.hub.idempotency.answer("train", request, 0.0) == told.state.hub.room("train").position


async def test_shelves_that_no_livedash_filled_are_refused(told: Told) -> None:
    told.make(Append("train", batch(1)))
    await told.again()
    shelves = await told.broker.load("g")
    for broken in ({}, {HUB: {STATE: b"\xc1"}}, {**shelves, shelf_of_room("train"): {STATE: b""}}):
        with pytest.raises(ProtocolError):
            put_into(fresh_state(), broken)
