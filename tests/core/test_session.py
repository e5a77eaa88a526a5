from __future__ import annotations

import pytest

from livedash.core.connections import ConnectionBounds
from livedash.core.grant import Grant
from livedash.errors import LimitReachedError, NameRefusedError, NotFoundError
from livedash.testing.viewer import MemoryViewer, gaps_of, notifications_of, snapshots_of
from livedash.wire.messages import Delivery, Error, Gap, Keyed, Pong, Subscribed
from tests.core.stage import Stage, numbers


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_glob_is_answered_by_itself_and_then_by_each_room_that_it_covers(stage: Stage) -> None:
    stage.push_numbers(1, 1, room="lab.a")
    stage.push_numbers(1, 2, room="lab.b")
    stage.push_numbers(1, 1, room="other")
    taken = stage.viewer("lab.*", since="earliest").take()
    answers = [message for message in notifications_of(taken) if isinstance(message, Subscribed)]
    assert answers[0] == Subscribed("lab.*", "0", 0, recovered=True)
    assert [answer.room for answer in answers[1:]] == ["lab.a", "lab.b"]
    assert numbers(taken) == [1, 1, 2]


@pytest.mark.parametrize("since", ["now", "earliest", "snapshot", "-1"])
def test_a_room_that_begins_under_a_glob_is_read_from_its_first_record(stage: Stage, since: str) -> None:
    viewer = stage.viewer("lab.*", since=since)
    viewer.take()
    stage.push({"n": 1}, {"n": 2}, room="lab.new")
    stage.push({"n": 3}, room="lab.new")
    taken = viewer.take_all()
    assert (numbers(taken), gaps_of(taken), snapshots_of(taken)) == ([1, 2, 3], [], [])


def test_a_room_that_a_publisher_gives_back_under_a_glob_goes_on_at_the_readers_cursor(stage: Stage) -> None:
    viewer = stage.viewer("lab.*", since="lab.a:k3x9-2")
    viewer.take()
    from livedash.wire.batch import Batch

    stage.hub.restore("lab.a", "k3x9", 1, Batch.from_records([{"n": n} for n in (1, 2, 3)], [0] * 3), 0, 0.0)
    assert numbers(viewer.take_all()) == [3]


def test_a_room_that_two_globs_cover_is_read_once(stage: Stage) -> None:
    viewer = MemoryViewer(stage.hub, stage.clock)
    viewer.read("lab.*")
    viewer.read("*")
    stage.push_numbers(1, 1, room="lab.a")
    assert numbers(viewer.take_all()) == [1]


def test_a_glob_leaves_alone_what_is_read_by_name(stage: Stage) -> None:
    stage.push_numbers(1, 3, room="lab.a")
    viewer = MemoryViewer(stage.hub, stage.clock)
    viewer.read("lab.a", "earliest")
    viewer.read("lab.*", "now")
    assert numbers(viewer.take_all()) == [1, 2, 3]
    viewer.session.unsubscribe("lab.*")
    stage.push_numbers(4, 4, room="lab.a")
    assert numbers(viewer.take_all()) == [4]


def test_a_glob_that_is_asked_again_reads_rooms_that_were_gone_then_as_it_was_asked_last(stage: Stage) -> None:
    stage.push_numbers(1, 2, room="lab.a")
    viewer = stage.viewer("lab.*", mode="latest")
    viewer.take_all()
    stage.hub.delete("lab.a")
    viewer.read("lab.*")
    stage.push_numbers(1, 3, room="lab.a")
    taken = viewer.take_all()
    assert (numbers(taken), gaps_of(taken)) == ([1, 2, 3], [])


def test_unsubscribing_a_glob_ends_its_rooms_and_follows_no_new_one(stage: Stage) -> None:
    stage.push_numbers(1, 1, room="lab.a")
    viewer = stage.viewer("lab.*")
    viewer.take()
    viewer.session.unsubscribe("lab.*")
    stage.push_numbers(2, 2, room="lab.a")
    stage.push_numbers(1, 1, room="lab.b")
    assert viewer.take() == []
    assert viewer.session.rooms == ()


def test_a_second_subscription_takes_the_place_of_the_first(stage: Stage) -> None:
    stage.push_numbers(1, 3)
    viewer = stage.viewer(since="now")
    viewer.take()
    viewer.read("train", "earliest")
    assert numbers(viewer.take()) == [1, 2, 3]
    stage.push_numbers(4, 4)
    assert numbers(viewer.take()) == [4]


def test_names_and_grants_are_looked_at_before_anything_is_read(stage: Stage) -> None:
    viewer = MemoryViewer(stage.hub, stage.clock, Grant("link", read=("train",), link_id="l1"))
    for room, refusal in (("a b", NameRefusedError), ("secret", NotFoundError), ("s*", NotFoundError)):
        with pytest.raises(refusal):
            viewer.read(room)
    assert viewer.session.rooms == ()
    viewer.read("train")


def test_a_star_means_the_rooms_that_a_link_may_read_also_of_those_that_begin_later(stage: Stage) -> None:
    stage.push_numbers(1, 1, room="secret")
    stage.push_numbers(1, 1, room="train")
    viewer = MemoryViewer(stage.hub, stage.clock, Grant("link", read=("train", "lab.*"), link_id="l1"))
    viewer.read("*")
    stage.push_numbers(1, 1, room="later")
    stage.push_numbers(1, 1, room="lab.a")
    viewer.take()
    assert sorted(viewer.session.rooms) == ["lab.a", "train"]


def test_rooms_and_globs_of_a_connection_are_bounded_and_a_refused_glob_follows_nothing(
    stage: Stage,
) -> None:
    stage.hub.connections.bounds = ConnectionBounds(rooms=2)
    for room in ("lab.a", "lab.b"):
        stage.push_numbers(1, 1, room=room)
    viewer = MemoryViewer(stage.hub, stage.clock)
    with pytest.raises(LimitReachedError, match="reads 2 rooms at most, not 3"):
        viewer.read("lab.*")
    assert (viewer.take(), viewer.session.rooms) == ([], ())


def test_a_publisher_does_not_hear_of_a_viewers_bound(stage: Stage) -> None:
    stage.hub.connections.bounds = ConnectionBounds(rooms=2)
    viewer = stage.viewer("*")
    stage.push_numbers(1, 1, room="a")
    stage.push_numbers(1, 1, room="b")
    told = [message for message in viewer.take_all() if isinstance(message, Error)]
    assert [(error.code, error.room) for error in told] == [("limit_reached", "b")]
    assert viewer.session.rooms == ("a",)


def test_answers_come_before_records(stage: Stage) -> None:
    viewer = stage.viewer(since="now")
    viewer.take()
    stage.push_numbers(1, 1)
    viewer.session.notify(Pong())
    assert viewer.take()[0] == Pong()


def test_a_closed_session_is_owed_nothing_and_is_no_viewer_any_more(stage: Stage) -> None:
    viewer = stage.viewer("*")
    stage.push_numbers(1, 1)
    assert len(stage.hub.viewers("train")) == 1
    viewer.disconnect()
    viewer.session.close()
    stage.push_numbers(2, 2)
    assert viewer.take() == []
    assert stage.hub.viewers("train") == []
    assert stage.hub.statistics().sessions == 0


# Keys


def test_reader_of_a_keyed_room_is_told_its_key(stage: Stage) -> None:
    stage.hub.configure("prices", {"key": "id"}, 0, 0.0)
    stage.push_numbers(1, 1, room="train")
    viewer = stage.viewer("*")
    told = [message for message in notifications_of(viewer.take()) if isinstance(message, Subscribed)]
    assert {answer.room: answer.key for answer in told} == {"*": None, "prices": "id", "train": None}
    assert viewer.session.keys() == {"prices": "id"}


@pytest.mark.parametrize("asked", ["train", "*"])
def test_key_of_a_room_that_begins_later_is_told_before_its_records(stage: Stage, asked: str) -> None:
    viewer = stage.viewer(asked)
    viewer.take()
    stage.hub.configure("train", {"key": "n"}, 0, 0.0)
    stage.push_numbers(1, 1)
    told = [message for message in viewer.take_all() if not isinstance(message, Subscribed) or message.key]
    assert isinstance(told[0], Keyed if asked == "train" else Subscribed)
    assert (told[0].key, numbers(told[1:]), viewer.session.keys()) == ("n", [1], {"train": "n"})


def test_another_key_of_an_emptied_room_is_told_before_what_follows(stage: Stage) -> None:
    stage.hub.configure("train", {"key": "n"}, 0, 0.0)
    stage.push_numbers(1, 2)
    viewer = stage.viewer()
    viewer.take()
    stage.hub.clear("train")
    stage.hub.configure("train", {"key": None}, 0, 0.0)
    stage.push_numbers(1, 1)
    told = viewer.take_all()
    assert told[0] == Keyed("train", None)
    assert [type(message) for message in told[1:]] == [Gap, Delivery]
    assert viewer.session.keys() == {}


def test_a_viewer_of_many_rooms_takes_about_as_much_as_one_of_a_single_room_and_the_others_next(stage: Stage) -> None:
    viewer = stage.viewer("lab.*")
    for number in range(5):
        stage.push({"n": number, "text": "x" * 1000}, room=f"lab.r{number}")
    most_bytes = stage.hub.room("lab.r0").history.nbytes * 3 // 2
    assert numbers(viewer.take(most_bytes)) == [0, 1]
    assert (viewer.session.has_more(), viewer.session.is_amid_rooms) == (True, True)
    stage.push({"n": 5, "text": "x" * 1000}, room="lab.r0")
    assert numbers(viewer.take(most_bytes)) == [2, 3]
    assert numbers(viewer.take_all(most_bytes)) == [4, 5]
    assert (viewer.session.has_more(), viewer.session.is_amid_rooms) == (False, False)
