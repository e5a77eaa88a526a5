from __future__ import annotations

import pytest

from livedash import limits
from livedash.core.connections import ConnectionBounds
from livedash.core.grant import Grant, owner
from livedash.core.hub import Hub
from livedash.core.origin import Origin
from livedash.errors import (
    ConflictError,
    LimitReachedError,
    NameRefusedError,
    NotFoundError,
    ProtocolError,
    ValueRefusedError,
)
from livedash.testing.viewer import MemoryViewer, gaps_of, snapshots_of
from livedash.wire.batch import Batch
from livedash.wire.messages import Degraded, Held, Notice, Subscribed, Welcome
from livedash.wire.position import Position
from tests.core.stage import Stage, numbers


@pytest.fixture
def stage() -> Stage:
    return Stage()


def some(first: int, count: int) -> Batch:
    return Batch.from_records([{"n": n} for n in range(first, first + count)], [0] * count)


def held_bytes(hub: Hub) -> int:
    return sum(room.nbytes for room in hub.rooms.values())


def test_a_batch_that_a_publisher_sends_again_counts_once_and_gets_the_first_answer(stage: Stage) -> None:
    origin = Origin("p1", 7)
    first = stage.hub.publish("train", some(1, 3), 0, 0.0, origin)
    stage.push_numbers(4, 4)
    assert stage.hub.publish("train", some(1, 3), 0, 0.0, origin) == first
    assert stage.hub.room("train").position.offset == 4
    assert stage.hub.statistics().duplicates == 3


def test_what_was_sent_before_a_clear_does_not_come_back_when_it_is_sent_again(stage: Stage) -> None:
    first = stage.hub.publish("train", some(1, 3), 0, 0.0, Origin("p1", 7))
    stage.hub.clear("train")
    assert stage.hub.publish("train", some(1, 3), 0, 0.0, Origin("p1", 7)) == first
    assert stage.hub.room("train").position.offset == 0


@pytest.mark.parametrize("name", ["", "a b", "livedash.x", "open"])
def test_a_room_that_can_not_be_named_never_begins(stage: Stage, name: str) -> None:
    with pytest.raises(NameRefusedError):
        stage.push({"n": 1}, room=name)
    assert stage.hub.rooms == {}


def test_a_refused_batch_leaves_a_room_with_settings_as_it_was(stage: Stage) -> None:
    stage.hub.configure("train", {"key": "id"}, 0, 0.0)
    with pytest.raises(ValueRefusedError):
        stage.push({"n": 1})
    assert stage.hub.room("train").settings.key == "id"
    assert stage.hub.room("train").position.offset == 0


def test_a_refused_first_batch_leaves_no_room_behind() -> None:
    stage = Stage(key="id")
    with pytest.raises(ValueRefusedError):
        stage.push({"n": 1})
    assert stage.hub.rooms == {}


def test_a_room_is_there_from_its_first_record_or_settings(stage: Stage) -> None:
    with pytest.raises(NotFoundError, match="begins with its first record"):
        stage.hub.room("train")
    stage.hub.configure("train", {"history_records": 5}, 0, 0.0)
    assert stage.hub.room("train").position.offset == 0


# Takeover


def test_a_publisher_gives_a_room_back_with_its_epoch_and_offsets(stage: Stage) -> None:
    assert stage.hub.hello({"train": Held("k3x9", 11, 20)}) == {"train": "unknown"}
    stage.hub.restore("train", "k3x9", 11, some(11, 5), 0, 0.0)
    assert stage.hub.restore("train", "k3x9", 16, some(16, 5), 0, 0.0) == Position("k3x9", 20)
    assert stage.hub.room("train").history.first == 11
    assert stage.hub.hello({"train": Held("k3x9", 11, 20)}) == {"train": "known"}


def test_giving_back_twice_or_with_an_overlap_adds_each_record_once(stage: Stage) -> None:
    stage.hub.restore("train", "k3x9", 1, some(1, 5), 0, 0.0)
    stage.hub.restore("train", "k3x9", 1, some(1, 5), 0, 0.0)
    assert stage.hub.restore("train", "k3x9", 3, some(3, 5), 0, 0.0).offset == 7
    viewer = stage.viewer(since="earliest")
    assert numbers(viewer.take_all()) == list(range(1, 8))


def test_a_hole_or_another_epoch_can_not_be_given_back(stage: Stage) -> None:
    stage.hub.restore("train", "k3x9", 1, some(1, 2), 0, 0.0)
    with pytest.raises(ConflictError):
        stage.hub.restore("train", "k3x9", 4, some(4, 1), 0, 0.0)
    with pytest.raises(ConflictError):
        stage.hub.restore("train", "other", 3, some(3, 1), 0, 0.0)
    assert stage.hub.hello({"train": Held("other", 1, 2)}) == {"train": "other"}


@pytest.mark.parametrize(
    ("epoch", "first"), [("0", 1), ("", 1), ("UP", 1), ("x" * 17, 1), ("e", 0), ("e", -5), ("e", 2**53)]
)
def test_what_no_hub_ever_acknowledged_is_refused_and_begins_no_room(stage: Stage, epoch: str, first: int) -> None:
    with pytest.raises(ProtocolError):
        stage.hub.restore("train", epoch, first, some(1, 1), 0, 0.0)
    assert stage.hub.rooms == {}


def test_deleted_and_cleared_rooms_stay_so(stage: Stage) -> None:
    stage.push_numbers(1, 2)
    epoch = stage.epoch
    stage.hub.clear("train")
    with pytest.raises(ConflictError):
        stage.hub.restore("train", epoch, 1, some(1, 2), 0, 0.0)
    stage.hub.delete("train")
    with pytest.raises(ConflictError, match="cleared, and stays so"):
        stage.hub.restore("train", epoch, 1, some(1, 2), 0, 0.0)
    assert stage.hub.hello({"train": Held(epoch, 1, 2)}) == {"train": "other"}


# Who is alone in a room


class Publisher:
    """One that has said hello: it hears what its hub tells it unasked."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage = stage
        self.heard: list[Welcome] = []
        self.origin = Origin(name, connection=self)

    def notify(self, message: Welcome) -> None:
        self.heard.append(message)

    def push(self, first: int, count: int = 1) -> None:
        self.stage.hub.publish("train", some(first, count), 0, 0.0, self.origin)

    def hello(self, held: Held) -> str:
        return self.stage.hub.hello({"train": held}, self.origin)["train"]

    def restore(self, first: int, count: int, owed_top: int = 0) -> None:
        self.stage.hub.restore("train", "k3x9", first, some(first, count), 0, 0.0, self.origin, owed_top)


OTHER = Welcome({"train": "other"})


@pytest.fixture
def first(stage: Stage) -> Publisher:
    return Publisher(stage, "p1")


@pytest.fixture
def second(stage: Stage) -> Publisher:
    return Publisher(stage, "p2")


def test_only_publisher_of_a_room_hears_at_once_and_once_that_another_writes_there(
    stage: Stage, first: Publisher, second: Publisher
) -> None:
    first.push(1)
    first.push(2)
    assert first.heard == []
    second.push(3)
    assert first.heard == [OTHER]
    second.push(4)
    first.push(5)
    assert (first.heard, second.heard) == ([OTHER], [])


def test_publisher_without_an_id_counts_as_another(stage: Stage, first: Publisher) -> None:
    first.push(1)
    stage.push({"n": 2})
    assert first.heard == [OTHER]


def test_a_batch_that_is_sent_again_makes_nobody_an_author(stage: Stage, first: Publisher, second: Publisher) -> None:
    sent = Origin("p2", 7)
    stage.hub.publish("train", some(1, 1), 0, 0.0, sent)
    stage.hub.clear("train")
    first.push(1)
    stage.hub.publish("train", some(1, 1), 0, 0.0, sent)
    assert first.heard == []


@pytest.mark.parametrize("end", ["clear", "delete"])
def test_only_publisher_of_a_room_hears_that_its_epoch_has_ended_and_may_be_alone_in_the_next(
    stage: Stage, first: Publisher, end: str
) -> None:
    first.push(1)
    getattr(stage.hub, end)("train")
    assert first.heard == [OTHER]
    first.push(1)
    assert first.hello(Held(stage.epoch, 1, 1)) == "known"


def test_publisher_that_was_away_while_another_wrote_hears_it_when_it_is_back(
    stage: Stage, first: Publisher, second: Publisher
) -> None:
    first.push(1)
    held = Held(stage.epoch, 1, 1)
    assert first.hello(held) == "known"
    second.push(2)
    assert first.hello(held) == "other"


def test_publisher_that_is_back_hears_by_its_new_connection(stage: Stage, first: Publisher, second: Publisher) -> None:
    first.push(1)
    back = Publisher(stage, "p1")
    assert back.hello(Held(stage.epoch, 1, 1)) == "known"
    second.push(2)
    assert (first.heard, back.heard) == ([], [OTHER])


def test_nothing_is_given_back_to_a_room_that_another_publisher_wrote_to(
    stage: Stage, first: Publisher, second: Publisher
) -> None:
    first.restore(1, 5)
    second.push(6)
    assert first.heard == [OTHER]
    with pytest.raises(ConflictError, match="records of another publisher"):
        first.restore(6, 5)


def test_another_publisher_gets_no_offset_that_the_former_hub_gave_out_but_a_new_epoch(
    stage: Stage, first: Publisher, second: Publisher
) -> None:
    reader = stage.viewer(since="train:k3x9-8")
    first.restore(1, 5, owed_top=10)
    second.push(50)
    assert first.heard == [OTHER]
    assert stage.epoch != "k3x9"
    taken = reader.take_all()
    assert [gap.reason for gap in gaps_of(taken)] == ["restarted"]
    assert snapshots_of(taken) == [[{"n": 50}]]
    assert held_bytes(stage.hub) == stage.hub.statistics().history_bytes


def test_another_publisher_goes_on_in_the_same_epoch_once_all_is_given_back(
    stage: Stage, first: Publisher, second: Publisher
) -> None:
    first.restore(1, 5, owed_top=7)
    first.push(6, 2)  # what the former hub had not answered
    second.push(8)
    assert stage.hub.room("train").position == Position("k3x9", 8)


# Bounds


def test_the_bytes_of_all_rooms_are_counted_through_all_that_happens(stage: Stage) -> None:
    stage.hub.configure("keyed", {"key": "id"}, 0, 0.0)
    for number in range(50):
        stage.push({"n": number, "text": "x" * 100})
        stage.push({"id": number % 3}, room="keyed")
    stage.hub.configure("train", {"history_records": 10}, 0, 0.0)
    assert stage.hub.statistics().history_bytes == held_bytes(stage.hub)
    stage.hub.trim(stage.clock.now_us())
    stage.hub.clear("train")
    stage.push_numbers(1, 2)
    assert stage.hub.statistics().history_bytes == held_bytes(stage.hub) > 0
    stage.hub.delete("train")
    stage.hub.delete("keyed")
    assert stage.hub.statistics().history_bytes == 0


def test_a_hub_above_its_bound_drops_the_oldest_of_its_largest_room() -> None:
    hub = Hub(iter(["e1", "e2"]).__next__, history_bytes=100_000)
    hub.publish("small", some(1, 1), 0, 0.0)
    for number in range(500):
        hub.publish("large", some(number + 1, 1), 0, 0.0)
    assert hub.statistics().history_bytes <= 100_000
    assert hub.room("small").history.records == 1
    assert hub.room("large").history.first > 1
    assert hub.room("large").history.top == 500


def test_a_full_hub_takes_no_more_viewers() -> None:
    hub = Hub(lambda: "id", connections=ConnectionBounds(in_all=1))
    session = hub.open_session(owner("ada"), "", lambda: None, 0.0)
    with pytest.raises(LimitReachedError):
        hub.open_session(owner("bob"), "", lambda: None, 0.0)
    session.close()
    hub.open_session(owner("bob"), "", lambda: None, 0.0)


def test_deleted_rooms_are_not_remembered_without_bound(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DELETED_ROOMS", 3)
    for number in range(10):
        stage.push_numbers(1, 1, room=f"r{number}")
        stage.hub.delete(f"r{number}")
    assert len(stage.hub.deleted) == 3


# Who is owed something


def test_a_publish_marks_its_readers_once_and_wakes_the_flusher_once(stage: Stage) -> None:
    viewer, _other = stage.viewer("train"), stage.viewer("other")
    stage.hub.take_dirty()
    woken: list[None] = []
    stage.hub.on_dirty = lambda: woken.append(None)
    stage.push_numbers(1, 5)
    assert len(woken) == 1
    assert stage.hub.take_dirty() == [viewer.session]
    assert stage.hub.take_dirty() == []


def test_readers_are_told_what_a_publisher_lost(stage: Stage) -> None:
    stage.push_numbers(1, 1)
    viewer = stage.viewer("train")
    viewer.take()
    stage.hub.note_lost("train", "p1", 7)
    assert viewer.take() == [Notice("train", "p1", 7)]
    assert stage.hub.room("train").statistics().publishers_dropped == 7


def test_viewers_hear_once_that_the_hub_is_degraded_and_once_that_it_is_not_any_more(stage: Stage) -> None:
    viewers = [stage.viewer("train"), stage.viewer("other")]
    publisher = MemoryViewer(stage.hub, stage.clock)  # reads nothing
    for each in (*viewers, publisher):
        each.take()
    for reason in ("the broker is away", "the broker is away", None, None):
        stage.hub.tell_degraded(reason)
    assert {each.session for each in (*viewers, publisher)} == set(stage.hub.take_dirty())
    for each in (*viewers, publisher):
        assert each.take() == [Degraded("the broker is away"), Degraded()]


def test_who_comes_while_the_hub_is_degraded_hears_that_before_all_else(stage: Stage) -> None:
    stage.hub.tell_degraded("the broker is away")
    late = stage.viewer("train").take()
    assert (late[0], type(late[1])) == (Degraded("the broker is away"), Subscribed)
    stage.hub.tell_degraded(None)
    assert [type(message) for message in stage.viewer("train").take()] == [Subscribed]


def test_reader_by_a_link_hears_that_the_hub_is_degraded_and_not_why(stage: Stage) -> None:
    grant = Grant("link", read=("cpu",), link_id="l1")
    guest = MemoryViewer(stage.hub, stage.clock, grant)
    stage.hub.tell_degraded("the broker at redis://10.0.4.20:6379 is away")
    late = MemoryViewer(stage.hub, stage.clock, grant)
    stage.hub.tell_degraded(None)
    assert guest.take() == late.take() == [Degraded(""), Degraded()]
