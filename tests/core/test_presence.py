from __future__ import annotations

import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from livedash import limits
from livedash.core.grant import Grant, owner
from livedash.core.reading import Reading
from livedash.core.session import Session
from livedash.testing.viewer import MemoryViewer, notifications_of
from livedash.wire.messages import Joined, Left, ViewerInfo
from livedash.wire.since import start_from
from tests.core.stage import Stage

GRACE_S = limits.PRESENCE_GRACE_S
ADA = Grant("ada", ("*",), label="Ada")
ADA_1 = Grant("ada", ("*",), label="Ada", viewer_secret="secret-1")
ADA_2 = Grant("ada", ("*",), label="Ada", viewer_secret="secret-2")
LINK = Grant("link:1", ("*",), link_id="1", label="for Bob", viewer_secret="secret-1")

_keys = itertools.count(1)


class Watched:
    """A room whose comings and goings somebody watches."""

    def __init__(self, watcher: Grant | None = None, ids: str = "e") -> None:
        self.stage = Stage(ids)
        self.hub = self.stage.hub
        self.hub.presence.key = f"key {next(_keys)}"
        self._watcher = MemoryViewer(self.hub, self.stage.clock, watcher or owner("watcher"))
        self.watch("train")

    def watch(self, room: str) -> None:
        reading = Reading(presence=True)
        self._watcher.session.subscribe(room, start_from("now"), reading, self.stage.clock.now_s())

    def open(self, grant: Grant = ADA, room: str | None = "train", polls: tuple[str, ...] | None = None) -> Session:
        session = self.hub.open_session(grant, grant.label, lambda: None, self.stage.clock.now_s(), polls)
        if room is not None:
            self.read(session, room)
        return session

    def read(self, session: Session, room: str = "train") -> None:
        session.subscribe(room, start_from("now"), Reading(), self.stage.clock.now_s())

    def told(self) -> list[Joined | Left]:
        """Since the last call."""
        return [each for each in notifications_of(self._watcher.take()) if isinstance(each, Joined | Left)]

    def names(self) -> list[tuple[str, str]]:
        return [(type(each).__name__, each.viewer.label) for each in self.told()]

    def wait(self, seconds: float = 2 * GRACE_S) -> None:
        """As the wheel turns."""
        for _ in range(round(seconds / limits.LINK_CHECK_S)):
            self.hub.tell_left(self.stage.clock.now_s())
            self.stage.clock.advance(limits.LINK_CHECK_S)

    def labels(self, room: str = "train") -> list[str]:
        return [viewer.label for viewer in self.hub.viewers(room)]


@pytest.fixture
def room() -> Watched:
    return Watched()


def test_who_comes_and_who_goes_is_told_once(room: Watched) -> None:
    session = room.open()
    assert room.told() == [Joined("train", session.viewer)]
    session.close()
    room.wait()
    assert room.told() == [Left("train", session.viewer)]
    room.wait()
    assert room.told() == []
    assert room.hub.presence.statistics().viewers == 1


@pytest.mark.parametrize("grant", [ADA, ADA_1, LINK])
def test_who_comes_back_in_time_is_the_same_and_nothing_is_told(room: Watched, grant: Grant) -> None:
    first = room.open(grant)
    room.told()
    for _ in range(5):
        first.close()
        room.wait(GRACE_S - 2 * limits.LINK_CHECK_S)
        again = room.open(grant)
        assert again.viewer == first.viewer
        first = again
    room.wait()
    assert room.told() == []


@pytest.mark.parametrize("grant", [ADA, ADA_1])
def test_who_comes_back_too_late_has_left_and_is_the_same_only_by_its_text(room: Watched, grant: Grant) -> None:
    first = room.open(grant)
    first.close()
    room.wait(GRACE_S + 2 * limits.LINK_CHECK_S)
    again = room.open(grant)
    assert room.names() == [("Joined", "Ada"), ("Left", "Ada"), ("Joined", "Ada")]
    assert (again.viewer.id == first.viewer.id) is (grant is ADA_1)
    assert again.viewer.since > first.viewer.since


def test_an_id_tells_nobody_the_text_that_it_was_made_of() -> None:
    """Who knows the way, and not this hub's key, makes others of the same text."""
    assert Watched().open(ADA_1).viewer.id != Watched().open(ADA_1).viewer.id


def test_who_is_cut_is_not_in_the_list_though_it_may_come_back(room: Watched) -> None:
    room.open().close()
    assert room.labels() == [""]  # the watcher
    room.open()
    assert room.labels() == ["", "Ada"]


def test_who_unsubscribes_has_left_at_once(room: Watched) -> None:
    session = room.open()
    session.unsubscribe("train")
    assert room.names() == [("Joined", "Ada"), ("Left", "Ada")]


def test_two_connections_with_the_same_secret_are_one_viewer(room: Watched) -> None:
    first, second = room.open(ADA_1), room.open(ADA_1)
    assert (first.viewer, room.labels()) == (second.viewer, ["", "Ada"])
    first.close()
    room.wait()
    assert room.names() == [("Joined", "Ada")]
    second.close()
    room.wait()
    assert room.names() == [("Left", "Ada")]


def test_connections_without_a_secret_are_a_viewer_each(room: Watched) -> None:
    sessions = [room.open() for _ in range(3)]
    assert len({session.viewer.id for session in sessions}) == 3
    assert len(room.told()) == 3


def test_of_two_that_were_cut_one_comes_back_and_one_has_left(room: Watched) -> None:
    for session in [room.open(), room.open()]:
        session.close()
    room.told()
    room.open()
    room.wait()
    assert room.names() == [("Left", "Ada")]


@pytest.mark.parametrize(
    "other",
    [
        LINK,  # the same text with another login
        ADA_2,
        ADA,
        Grant("link:2", ("*",), link_id="2", label="for Bob", viewer_secret="secret-1"),
    ],
)
def test_nobody_passes_for_a_viewer_whose_text_and_login_it_has_not_both(room: Watched, other: Grant) -> None:
    first = room.open(ADA_1)
    stranger = room.open(other)
    assert stranger.viewer.id != first.viewer.id
    first.close()
    assert room.open(other).viewer.id != first.viewer.id


@pytest.mark.parametrize(
    "other",
    [
        Grant("bob", ("*",), label="Ada"),
        Grant("ada", ("*",), label="other"),
        Grant("ada", ("*",), label="Ada", address="192.0.2.1"),
        ADA_1,
    ],
)
def test_without_a_text_a_place_is_taken_only_from_the_same_login_and_address(room: Watched, other: Grant) -> None:
    first = room.open()
    first.close()
    assert room.open(other).viewer.id != first.viewer.id


def test_nobody_is_told_of_itself() -> None:
    room = Watched(watcher=ADA_1)
    room.open(ADA_1).close()
    room.wait()
    assert room.told() == []


def test_who_did_not_ask_is_told_nothing(room: Watched) -> None:
    reader = MemoryViewer(room.hub, room.stage.clock)
    reader.read("train")
    room.open()
    assert [each for each in notifications_of(reader.take()) if isinstance(each, Joined)] == []


def test_each_room_has_its_own_comings_and_goings(room: Watched) -> None:
    session = room.open(room=None)
    room.read(session, "other")
    assert (room.told(), room.labels("other")) == ([], ["Ada"])
    room.read(session)
    assert room.names() == [("Joined", "Ada")]
    session.close()
    back = room.open(room="other")
    room.wait()
    assert (room.names(), back.viewer) == ([("Left", "Ada")], session.viewer)
    assert room.labels("other") == ["Ada"]


def test_rooms_that_begin_under_a_glob_are_watched_and_viewed(room: Watched) -> None:
    room.watch("lab.*")
    session = room.open(room="lab.*")
    room.stage.push({"n": 1}, room="lab.oven")
    assert room.told() == [Joined("lab.oven", session.viewer)]


# Polls


def poll(room: Watched, rooms: tuple[str, ...] = ("train",), grant: Grant = ADA) -> ViewerInfo:
    """A whole request."""
    session = room.open(grant, None, rooms)
    for name in rooms:
        room.read(session, name)
    session.close()
    return session.viewer


@pytest.mark.parametrize("grant", [ADA, ADA_1])
def test_who_polls_is_there_between_its_polls_and_for_the_grace_after_the_last(room: Watched, grant: Grant) -> None:
    viewers = set()
    for _ in range(5):
        viewers.add(poll(room, grant=grant).id)
        room.wait(GRACE_S - 2 * limits.LINK_CHECK_S)
        assert room.labels() == ["", "Ada"]
    assert len(viewers) == 1
    assert room.names() == [("Joined", "Ada")]
    room.wait()
    assert (room.names(), room.labels()) == ([("Left", "Ada")], [""])


def test_who_polls_other_rooms_is_another_one_unless_it_says_that_it_is_not(room: Watched) -> None:
    assert poll(room).id != poll(room, ("other",)).id
    assert poll(room, grant=ADA_1).id == poll(room, ("other",), ADA_1).id


def test_a_stream_does_not_take_the_place_of_who_polls(room: Watched) -> None:
    polling = poll(room)
    assert room.open().viewer.id != polling.id
    assert poll(room).id == polling.id


def test_viewers_by_a_link_are_counted_over_all_transports(room: Watched) -> None:
    count = room.hub.presence.by_link
    poll(room, grant=LINK)
    assert count("1") == 1
    stream = room.open(LINK)
    other = room.open(Grant("link:1", ("*",), link_id="1"))
    assert count("1") == 2
    for session in (stream, other):
        session.close()
    assert count("1") == 0
    assert count("2") == 0


# What is seen of whom


def test_a_link_sees_the_labels_of_its_own_viewers_only() -> None:
    room = Watched(watcher=Grant("link:1", ("*",), link_id="1", label="for Bob"))
    ada, bob = room.open(), room.open(LINK)
    assert room.told() == [
        Joined("train", ViewerInfo(ada.viewer.id, "", ada.viewer.since)),
        Joined("train", bob.viewer),
    ]
    assert [viewer.label for viewer in room.hub.viewers("train", LINK)] == ["", "", "for Bob"]


# Bounds


def test_viewers_that_may_come_back_are_not_kept_without_bound(room: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PRESENCE_LEAVING", 3)
    sessions = [room.open() for _ in range(10)]
    for session in sessions:
        session.close()
    room.told()
    room.wait(limits.LINK_CHECK_S)
    assert [each.viewer for each in room.told()] == [session.viewer for session in sessions[:7]]
    room.wait()
    assert (room.hub.presence.statistics().viewers, room.hub.presence.statistics().leaving) == (1, 0)


GRANTS = [ADA, ADA_1, ADA_2, LINK]
ROOMS = ["train", "other"]


class ComingAndGoing(RuleBasedStateMachine):
    """Whoever keeps a list by what it is told, has in the end the list that the hub has."""

    @initialize()
    def begin(self) -> None:
        self.room = Watched()
        self.room.watch("other")
        self.open: list[Session] = []
        self.kept: dict[str, set[str]] = {name: set() for name in ROOMS}
        self.ids = itertools.count()

    @rule(grant=st.sampled_from(GRANTS), room=st.sampled_from(ROOMS), is_poll=st.booleans())
    def come(self, grant: Grant, room: str, is_poll: bool) -> None:
        self.open.append(self.room.open(grant, room, (room,) if is_poll else None))

    @rule(number=st.integers(0, 20))
    def go(self, number: int) -> None:
        if self.open:
            self.open.pop(number % len(self.open)).close()

    @rule(number=st.integers(0, 20), room=st.sampled_from(ROOMS), reads=st.booleans())
    def change(self, number: int, room: str, reads: bool) -> None:
        if self.open:
            session = self.open[number % len(self.open)]
            if reads:
                self.room.read(session, room)
            else:
                session.unsubscribe(room)

    @rule(seconds=st.floats(0.5, 8))
    def time_goes_by(self, seconds: float) -> None:
        self.room.wait(seconds)

    @invariant()
    def what_is_told_makes_sense(self) -> None:
        if not hasattr(self, "room"):
            return
        for each in self.room.told():
            kept = self.kept[each.room]
            assert (each.viewer.id in kept) is isinstance(each, Left)
            kept ^= {each.viewer.id}
        for name in ROOMS:
            assert self.there(name) <= self.kept[name]

    def there(self, name: str) -> set[str]:
        watcher = self.room._watcher.session.viewer.id
        return {viewer.id for viewer in self.room.hub.viewers(name)} - {watcher}

    def teardown(self) -> None:
        if not hasattr(self, "room"):
            return
        self.room.wait(3 * GRACE_S)
        self.what_is_told_makes_sense()
        for name in ROOMS:
            reading = {session.viewer.id for session in self.open if name in session.rooms}
            assert self.there(name) == self.kept[name] == reading
        for session in self.open:
            session.close()
        self.room.wait(3 * GRACE_S)
        told = self.room.hub.presence.statistics()
        assert (told.viewers, told.leaving) == (1, 0)
        assert self.room.hub.presence._known == self.room.hub.presence._absent == {}


TestComingAndGoing = ComingAndGoing.TestCase
TestComingAndGoing.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
