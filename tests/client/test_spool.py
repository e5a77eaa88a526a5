from __future__ import annotations

import pytest

from livedash import limits
from livedash.client.spool import RoomSpoolStatistics, Spool
from livedash.wire.batch import Batch
from livedash.wire.messages import Error, Hello, Lost, Publish, Published, Restore, SourceFailing, Welcome
from tests.client.hub_on_the_line import Line, numbered


@pytest.fixture
def spool() -> Spool:
    return Spool("p1")


@pytest.fixture
def line(spool: Spool) -> Line:
    return Line(spool)


def of(spool: Spool, room: str) -> RoomSpoolStatistics:
    return next(state for state in spool.statistics() if state.room == room)


def big(count: int, nbytes: int) -> Batch:
    return Batch.from_records([{"text": "x" * (nbytes // count)}] * count, [0] * count)


# Delivery


def test_first_message_of_a_connection_is_hello_and_records_follow_without_waiting_for_the_answer(spool: Spool) -> None:
    spool.add("train", numbered(1, 2))
    assert spool.begin() == Hello("p1", {})
    (publish,) = spool.take()
    assert isinstance(publish, Publish)
    assert (publish.room, publish.publisher, publish.seq, publish.id, publish.count) == ("train", "p1", 1, 1, 2)


def test_nothing_is_sent_without_a_connection(spool: Spool) -> None:
    spool.add("train", numbered(1))
    assert spool.waiting == 1
    assert not spool.is_empty


def test_what_waited_for_a_hub_goes_in_few_large_batches(line: Line) -> None:
    for number in range(3000):
        line.spool.add("train", numbered(number))
    line.connect()
    assert len(line.sent) == 2  # hello and one batch
    line.settle()
    assert line.values("train") == list(range(3000))


def test_unanswered_batches_are_sent_again_with_the_same_number_and_count_once(line: Line) -> None:
    line.spool.add("train", numbered(1, 2))
    line.connect()
    line.carry(2)  # the hub has them, its answer is lost
    line.cut()
    line.spool.add("train", numbered(3))
    line.connect()
    assert [message.seq for message in line.sent if isinstance(message, Publish)] == [1, 2]
    line.settle()
    assert line.values("train") == [1, 2, 3]
    assert of(line.spool, "train").acknowledged == 3


def test_records_are_never_added_to_a_batch_that_the_hub_may_know_already(line: Line) -> None:
    line.spool.add("train", numbered(1))
    line.connect()
    line.carry(2)
    line.cut()
    for number in range(2, 50):
        line.spool.add("train", numbered(number))
    line.settle()
    assert line.values("train") == list(range(1, 50))


def test_a_room_with_much_to_send_leaves_the_others_their_turn(spool: Spool) -> None:
    spool.add("large", big(600, 60 * limits.MIB))
    spool.add("small", numbered(1))
    spool.begin()
    rooms = [message.room for message in spool.take() if isinstance(message, Publish)]
    assert "small" in rooms[:2]
    assert rooms.count("large") > 1


def test_bytes_in_flight_are_bounded_and_answers_make_room(spool: Spool) -> None:
    spool.add("train", big(600, 60 * limits.MIB))
    spool.begin()
    first = [message for message in spool.take() if isinstance(message, Publish)]
    sent = sum(message.count for message in first)
    assert 0 < sent < 600
    assert list(spool.take()) == []
    spool.receive(Welcome({}))
    assert list(spool.take()) == []
    spool.receive(Published("e1", first[0].count, first[0].id))
    assert len(list(spool.take())) == 1


def test_batches_in_flight_of_a_room_are_bounded(spool: Spool) -> None:
    spool.begin()
    for number in range(limits.PUBLISHER_IN_FLIGHT + 10):
        spool.add("train", numbered(number))
        list(spool.take())
    assert spool.in_flight == limits.PUBLISHER_IN_FLIGHT + 1  # and the hello
    assert of(spool, "train").waiting == limits.PUBLISHER_IN_FLIGHT + 10


# Refusals


def test_a_refused_batch_is_dropped_and_counted_with_its_reason(line: Line) -> None:
    line.hub.configure("prices", {"key": "symbol"}, 0, 0.0)
    line.spool.add("prices", numbered(1, 2))
    line.settle()
    line.spool.add("train", numbered(3))
    line.settle()
    state = of(line.spool, "prices")
    assert (state.refused, state.waiting, state.acknowledged) == (2, 0, 0)
    assert state.reason is not None
    assert "symbol" in state.reason
    assert line.values("train") == [3]
    assert line.spool.is_empty


def test_a_batch_that_the_hub_could_not_even_read_is_refused_and_not_sent_for_ever(spool: Spool) -> None:
    spool.add("train", numbered(1))
    spool.begin()
    list(spool.take())
    spool.receive(Welcome({}))
    spool.receive(Error("bad_message", "that is no message of the protocol"))
    assert of(spool, "train").refused == 1
    assert spool.is_empty


def test_a_hub_that_refuses_the_greeting_gets_the_records_all_the_same(line: Line) -> None:
    line.spool.add("train", numbered(1))
    line.settle()
    line.cut()
    line.spool.add("train", numbered(2))
    line.spool.begin()
    assert list(line.spool.take()) == []
    line.spool.receive(Error("not_allowed", "you may not write to room 'train'"))
    assert [type(message) for message in line.spool.take()] == [Publish]


def test_an_answer_to_nothing_changes_nothing(spool: Spool) -> None:
    spool.receive(Published("e1", 7, 99))
    spool.receive(Error("conflict", "no", 98))
    spool.receive(Error("not_found", "no such room", None, "train"))
    spool.receive(Welcome({"other": "unknown"}))
    assert spool.statistics() == ()


# The hub restarts


def test_a_hub_that_forgot_a_room_gets_it_back_with_its_epoch_and_offsets(line: Line) -> None:
    line.spool.add("train", numbered(1, 2))
    line.settle()
    epoch = line.hub.rooms["train"].epoch
    line.restart_hub()
    line.spool.add("train", numbered(3))
    line.settle()
    assert line.values("train") == [1, 2, 3]
    assert str(line.hub.rooms["train"].position) == f"{epoch}-3"


def test_new_records_wait_for_the_welcome_where_a_room_may_have_to_be_restored(line: Line) -> None:
    line.spool.add("train", numbered(1))
    line.settle()
    line.restart_hub()
    line.spool.add("train", numbered(2))
    line.spool.add("other", numbered(7))
    line.connect()
    assert [message.room for message in line.sent if isinstance(message, Publish)] == ["other"]
    line.carry(2)
    line.carry_back(2)
    assert [type(message) for message in line.sent] == [Restore, Publish]


def test_batches_in_flight_when_the_hub_died_get_the_same_offsets_again(line: Line) -> None:
    line.spool.add("train", numbered(1))
    line.settle()
    line.spool.add("train", numbered(2, 3))
    line.pump()
    line.carry(1)  # readers may have seen offsets 2 and 3
    line.restart_hub()
    line.settle()
    assert line.values("train") == [1, 2, 3]


def test_a_publisher_that_was_not_alone_gives_nothing_back(line: Line) -> None:
    line.hub.publish("train", numbered(0), 0, 0.0)
    line.spool.add("train", numbered(1))
    line.settle()
    assert line.spool.begin() == Hello("p1", {})


def test_a_hole_between_acknowledged_offsets_ends_being_alone(line: Line) -> None:
    line.spool.add("train", numbered(1))
    line.settle()
    line.hub.publish("train", numbered(100), 0, 0.0)
    line.spool.add("train", numbered(2))
    line.settle()
    line.spool.add("train", numbered(3))
    line.settle()
    assert line.spool.begin() == Hello("p1", {})


def test_a_room_that_somebody_else_began_meanwhile_is_not_restored(line: Line) -> None:
    line.spool.add("train", numbered(1))
    line.settle()
    line.restart_hub()
    line.hub.publish("train", numbered(50), 0, 0.0)
    line.spool.add("train", numbered(2))
    line.settle()
    assert line.values("train") == [50, 2]


def test_a_restore_that_the_hub_refuses_ends_it_and_new_records_go_on(line: Line) -> None:
    line.spool.add("train", numbered(1))
    line.settle()
    line.restart_hub()
    line.spool.add("train", numbered(2))
    line.connect()
    line.carry(1)
    line.carry_back(1)  # unknown
    line.hub.publish("train", numbered(50), 0, 0.0)  # and then it is not
    line.settle()
    assert line.values("train") == [50, 2]
    assert of(line.spool, "train").acknowledged == 2


def test_what_is_kept_is_let_go_when_the_hub_says_that_another_publisher_writes_too(line: Line) -> None:
    line.spool.add("train", numbered(1))
    line.settle()
    line.hub.publish("train", numbered(50), 0, 0.0)
    assert line.answers == [Welcome({"train": "other"})]
    line.settle()
    assert line.spool.nbytes == 0
    line.restart_hub()
    line.settle()
    assert "train" not in line.hub.rooms  # so the next epoch is a new one


def test_room_that_is_cleared_is_not_given_back_to_a_hub_that_begins_right_after(line: Line) -> None:
    line.spool.add("train", numbered(1))
    line.settle()
    line.hub.clear("train")
    line.settle()
    line.restart_hub()
    line.settle()
    assert "train" not in line.hub.rooms


def test_giving_back_ends_where_another_publisher_comes_between(line: Line) -> None:
    line.spool = Spool("p1", bound_bytes=64 * 1024)
    for _ in range(10):
        line.spool.add("train", big(2, 3 * 1024))
        line.settle()
    line.restart_hub()
    line.connect()
    line.carry(1)
    line.carry_back(1)
    assert [type(message) for message in line.sent[:2]] == [Restore, Restore]
    line.carry(1)
    line.hub.publish("train", numbered(50), 0, 0.0)
    line.settle()
    assert line.values("train") == [50]  # a new epoch: the former one had more than was given back
    assert line.spool.begin() == Hello("p1", {})


def test_what_was_sent_and_not_answered_is_told_with_what_could_be_given_back(line: Line) -> None:
    line.spool.add("train", numbered(1))
    line.settle()
    line.spool.add("train", numbered(2, 3))
    line.pump()
    line.spool.add("train", numbered(4))
    held = line.spool.begin().rooms["train"]
    assert (held.first, held.last, held.unanswered) == (1, 1, 2)


def test_a_cleared_room_stays_cleared(line: Line) -> None:
    line.spool.add("train", numbered(1))
    line.settle()
    line.hub.clear("train")
    line.cut()
    line.settle()
    line.spool.add("train", numbered(2))
    line.settle()
    assert line.values("train") == [2]


def test_a_deleted_room_stays_deleted(line: Line) -> None:
    line.spool.add("train", numbered(1))
    line.settle()
    line.hub.delete("train")
    line.cut()
    line.settle()
    assert "train" not in line.hub.rooms


# Space


def test_acknowledged_records_go_first_when_space_is_short(line: Line) -> None:
    spool = line.spool = Spool("p1", bound_bytes=64 * 1024)
    for _ in range(40):
        spool.add("train", big(4, 4 * 1024))
        line.settle()
    assert spool.nbytes <= 64 * 1024
    assert of(spool, "train").lost == 0
    hello = spool.begin()
    assert hello.rooms["train"].last == 160
    assert hello.rooms["train"].first > 1


def test_oldest_unsent_records_of_the_largest_room_are_lost_and_counted() -> None:
    spool = Spool("p1", bound_bytes=256 * 1024)
    line = Line(spool)
    for number in range(50):
        spool.add("small", numbered(number))
    for _ in range(100):
        spool.add("large", big(4, 8 * 1024))
    assert spool.nbytes <= 256 * 1024
    assert of(spool, "small").lost == 0
    lost = of(spool, "large").lost
    assert 0 < lost < 400
    line.settle()
    assert line.values("small") == list(range(50))
    assert len(line.values("large", "text")) == 400 - lost
    assert line.dropped == {"large": lost}


def test_batches_in_flight_are_never_dropped() -> None:
    spool = Spool("p1", bound_bytes=256 * 1024)
    line = Line(spool)
    spool.add("train", numbered(1, 2, 3))
    line.connect()
    for _ in range(100):
        spool.add("train", big(4, 8 * 1024))
    line.carry(2)
    line.cut()
    line.settle()
    assert line.values("train")[:3] == [1, 2, 3]
    state = of(spool, "train")
    assert state.pushed == 403 == state.acknowledged + state.lost


def test_loss_is_told_once_a_connection(line: Line) -> None:
    line.spool.note_lost("train", 5)
    line.connect()
    assert [message for message in line.sent if isinstance(message, Lost)] == [Lost("train", "p1", 5)]
    line.pump()
    assert len([message for message in line.sent if isinstance(message, Lost)]) == 1
    line.cut()
    line.connect()
    assert [message for message in line.sent if isinstance(message, Lost)] == [Lost("train", "p1", 5)]


def test_a_large_batch_is_cut_into_batches_that_travel_well(spool: Spool) -> None:
    spool.add("train", big(100, 20 * limits.MIB))
    spool.begin()
    parts = [message.count for message in spool.take() if isinstance(message, Publish)]
    assert sum(parts) == 100
    assert len(parts) >= 5


def test_what_is_kept_of_a_room_is_no_more_than_the_hub_keeps(line: Line) -> None:
    for _ in range(6):
        line.spool.add("train", big(1000, 15 * limits.MIB))
        line.settle()
    assert line.spool.nbytes <= limits.HISTORY_BYTES


def test_counts_of_a_room_always_sum_up(line: Line) -> None:
    line.spool.add("train", numbered(1, 2))
    line.spool.note_lost("train", 3)
    line.spool.note_refused("train", 4, "bad_value: no")
    assert of(line.spool, "train") == RoomSpoolStatistics("train", 9, 0, 2, 3, 4, "bad_value: no")
    line.settle()
    assert of(line.spool, "train") == RoomSpoolStatistics("train", 9, 2, 0, 3, 4, "bad_value: no")


# Sources


def test_source_that_fails_is_told_once_on_each_connection_as_long_as_it_fails(spool: Spool) -> None:
    failure = SourceFailing("cpu", "read", "OSError")
    spool.note_failing("cpu", "read", "TimeoutError")
    spool.note_failing("cpu", "read", "OSError")
    for _ in range(2):
        spool.begin()
        assert list(spool.take()) == [failure]
        assert list(spool.take()) == []
    spool.note_failing("cpu", "read", None)
    assert list(spool.take()) == [SourceFailing("cpu", "read", None)]
    spool.begin()
    assert list(spool.take()) == []


def test_each_connection_is_told_what_was_set_from_here() -> None:
    spool = Spool("p1")
    spool.note_settings("prices", {"key": "symbol"})
    assert spool.begin() == Hello("p1", {}, {"prices": {"key": "symbol"}})
    spool.note_settings("prices", {"key": "symbol", "history_records": 5})
    assert spool.begin().settings == {"prices": {"key": "symbol", "history_records": 5}}
