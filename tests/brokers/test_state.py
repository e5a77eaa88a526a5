from __future__ import annotations

from livedash.brokers.entries import AddLink, Entry
from livedash.core.changes import Append, Delete, Moment
from livedash.sharing.link import Link
from tests.brokers.hubs import batch, fresh_state


def link(link_id: str) -> AddLink:
    return AddLink(Link(link_id, ("train",), 0.0, 4e9, "", "", None), link_id.encode())


def test_a_link_that_was_revoked_while_a_hub_was_away_is_not_made_again_by_it() -> None:
    hub, shelves, emptied = fresh_state(), fresh_state(), fresh_state()
    entry = Entry("a", 1, Moment(0), link("first"))
    hub.make_entry(entry, 0.0)
    assert [again.change for again in hub.lost_in(emptied)] == [link("first")]
    shelves.numbers.add("a", 1)
    hub.exchange(shelves, 0, 0.0)
    assert hub.lost_in(emptied) == []


def test_authors_of_a_room_that_is_gone_are_forgotten() -> None:
    state = fresh_state()
    state.make_entry(Entry("a", 1, Moment(0, "e1"), Append("train", batch(1))), 0.0)
    assert set(state.authors) == {"train"}
    state.make_entry(Entry("a", 2, Moment(0), Delete("train")), 0.0)
    assert state.authors == {}
