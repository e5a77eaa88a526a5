from __future__ import annotations

from collections.abc import Iterator

import pytest

from livedash.core.hub import Hub
from livedash.core.journal import Appended, Deleted, Described, Entry, Lost, Trimmed
from livedash.core.origin import Origin
from livedash.core.publishers import Request
from livedash.errors import LimitReachedError, ValueRefusedError
from livedash.wire.batch import Batch
from livedash.wire.messages import Held
from tests.core.stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def entries(stage: Stage) -> Iterator[list[Entry]]:
    told: list[Entry] = []
    stage.hub.journal.keeper = told.append
    yield told
    stage.hub.journal.keeper = None


def of(kind: type[Entry], entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if isinstance(entry, kind)]


def test_a_first_record_is_told_with_the_room_that_it_began(stage: Stage, entries: list[Entry]) -> None:
    stage.push({"n": 1})
    stage.push({"n": 2}, {"n": 3})
    first, second = entries
    assert isinstance(first, Appended)
    assert isinstance(second, Appended)
    assert first.header is not None
    assert (first.header.name, first.header.epoch, first.first) == ("train", stage.epoch, 1)
    assert (second.header, second.first, second.batch.count, second.held_from) == (None, 2, 2, 1)


def test_who_must_not_add_records_again_is_told_with_them(stage: Stage, entries: list[Entry]) -> None:
    batch = Batch.from_records([{"n": 1}], [0])
    request = Request("ada", "k1", b"digest")
    stage.hub.publish("train", batch, 5, 0.0, Origin("p1", 7, request=request))
    stage.hub.publish("train", batch, 5, 0.0, Origin("p1", 7))
    (entry,) = entries
    assert isinstance(entry, Appended)
    assert (entry.publisher, entry.seq, entry.request, entry.at_us) == ("p1", 7, request, 5)
    assert (
        stage.hub.idempotency.answer("train", Request("ada", "k1", b"digest"), 0.0) == stage.hub.room("train").position
    )


def test_what_changes_of_a_keyed_room_is_told(stage: Stage, entries: list[Entry]) -> None:
    stage.hub.configure("train", {"key": "id"}, 0, 0.0)
    stage.push({"id": "a", "n": 1}, {"id": "a", "n": 2}, {"id": "b", "_deleted": True})
    (entry,) = of(Appended, entries)
    assert isinstance(entry, Appended)
    assert entry.changes is not None
    changed, gone = entry.changes.rows["a"], entry.changes.rows["b"]
    assert (changed and changed.records(), gone) == ([{"id": "a", "n": 2}], None)


def test_a_batch_that_is_refused_is_not_told(stage: Stage, entries: list[Entry]) -> None:
    stage.hub.configure("train", {"key": "id"}, 0, 0.0)
    entries.clear()
    with pytest.raises(ValueRefusedError):
        stage.push({"n": 1})
    assert entries == []


def test_what_is_trimmed_by_age_size_and_settings_is_told(stage: Stage, entries: list[Entry]) -> None:
    stage.push_numbers(1, 5)
    stage.hub.configure("train", {"history_records": 3, "history_age": 1}, 0, 0.0)
    assert of(Trimmed, entries) == [Trimmed("train", 3)]
    stage.clock.advance(5)
    stage.hub.trim(stage.clock.now_us())
    stage.hub.trim(stage.clock.now_us())
    assert of(Trimmed, entries)[1:] == [Trimmed("train", 6)]


def test_a_hub_above_its_bound_tells_from_where_its_rooms_hold_their_records() -> None:
    told: list[Entry] = []
    hub = Hub(lambda: "e1", history_bytes=10_000)
    hub.journal.keeper = told.append
    for _ in range(50):
        hub.publish("train", Batch.from_records([{"n": 1}], [0]), 0, 0.0)
    assert told[-1] == Trimmed("train", hub.room("train").history.first)


def test_settings_clears_and_deletions_are_told(stage: Stage, entries: list[Entry]) -> None:
    stage.hub.configure("train", {"history_records": 3}, 0, 0.0)
    stage.hub.clear("train")
    stage.hub.delete("train")
    configured, cleared, deleted = entries
    assert isinstance(configured, Described)
    assert isinstance(cleared, Described)
    assert configured.header.settings.history_records == 3
    assert cleared.header.former == {configured.header.epoch: "cleared"}
    former = {configured.header.epoch: "cleared", cleared.header.epoch: "deleted"}
    assert deleted == Deleted("train", former)


def test_losses_and_strange_epochs_are_told_once(stage: Stage, entries: list[Entry]) -> None:
    stage.push_numbers(1, 1)
    stage.hub.note_lost("train", "p1", 4)
    stage.hub.note_lost("never.was", "p1", 4)
    for _ in range(2):
        stage.hub.hello({"train": Held("strange", 1, 2)})
    assert of(Lost, entries) == [Lost("train", "p1", 4)]
    (described,) = of(Described, entries)
    assert isinstance(described, Described)
    assert described.header.former == {"strange": "restarted"}


def test_records_given_back_to_an_epoch_that_goes_on_are_told_with_how_far_it_goes(
    stage: Stage, entries: list[Entry]
) -> None:
    stage.push_numbers(1, 3)
    stage.hub.room("train").note_continued("before", 3)
    position = stage.hub.restore("train", "before", 3, Batch.from_records([{"n": 3}, {"n": 4}], [0, 0]), 0, 0.0)
    entry = entries[-1]
    assert isinstance(entry, Appended)
    assert entry.header is not None
    assert (entry.first, entry.batch.count, entry.header.continued) == (4, 1, {"before": 4})
    assert (position.epoch, position.offset) == (stage.epoch, 4)


def test_a_closed_hub_takes_nothing(stage: Stage, entries: list[Entry]) -> None:
    stage.hub.is_closed = True
    with pytest.raises(LimitReachedError, match="send it again"):
        stage.push_numbers(1, 1)
    with pytest.raises(LimitReachedError):
        stage.hub.restore("train", "k3x9", 1, Batch.from_records([{"n": 1}], [0]), 0, 0.0)
    assert entries == []
