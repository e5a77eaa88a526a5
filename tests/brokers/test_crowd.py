"""Hubs tell each other who views what: whoever keeps a list by what it is told has, in the end, the list of all hubs."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from livedash import limits
from livedash.brokers.crowd import Crowd
from livedash.brokers.entries import AskPresence, PresenceChange
from livedash.core.grant import Grant
from livedash.core.session import Session
from livedash.wire.messages import Joined, Left
from tests.core.test_presence import ADA, ADA_1, ADA_2, GRACE_S, LINK, ROOMS, Watched

HUBS = 3


class Member(Watched):
    """One of several hubs, and somebody who watches it."""

    def __init__(self, node: str, key: str = "key") -> None:
        super().__init__(ids=f"{node}-")
        self.hub.presence.key = key
        self.node = node
        self.crowd = Crowd(self.hub, node)
        self.read_up_to = 0


class Log:
    """What the hubs write, in one order."""

    def __init__(self, *nodes: str) -> None:
        self.entries: list[tuple[str, PresenceChange]] = []
        self.members = [self.join(node) for node in nodes]

    def join(self, node: str) -> Member:
        member = Member(node)
        member.read_up_to = len(self.entries)
        self.entries.append((node, AskPresence()))
        member.crowd.arrive()
        return member

    def write(self, member: Member) -> None:
        self.entries += [(member.node, change) for change in member.crowd.take_changes()]

    def read(self, member: Member, count: int | None = None) -> None:
        upto = len(self.entries) if count is None else member.read_up_to + count
        for node, change in self.entries[member.read_up_to : upto]:
            member.crowd.take(node, change)
        member.read_up_to = min(upto, len(self.entries))

    def settle(self) -> None:
        while any(each.read_up_to < len(self.entries) or each.crowd.changed.is_set() for each in self.members):
            for each in self.members:
                self.read(each)
                self.write(each)


@pytest.fixture
def log() -> Log:
    made = Log("a", "b")
    made.settle()
    for member in made.members:
        member.told()
    return made


def ids(member: Member, room: str = "train") -> set[str]:
    """But those of the watchers, which are the first at their hubs."""
    return {viewer.id for viewer in member.hub.viewers(room) if not viewer.id.endswith("-1")}


def test_a_viewer_of_one_hub_is_seen_at_the_other(log: Log) -> None:
    a, b = log.members
    session = a.open()
    log.settle()
    assert b.names() == [("Joined", "Ada")]
    assert session.viewer in b.hub.viewers("train")
    session.close()
    a.wait()
    log.settle()
    assert (b.names(), ids(b)) == ([("Left", "Ada")], set())


@pytest.mark.parametrize("grant", [ADA_1, LINK])
def test_who_comes_back_at_another_hub_is_the_same_and_nothing_is_told(log: Log, grant: Grant) -> None:
    a, b = log.members
    first = a.open(grant)
    log.settle()
    assert (a.names(), b.names()) == ([("Joined", grant.label)], [("Joined", grant.label)])
    first.close()
    again = b.open(grant)  # sooner than the hubs have told each other of anything
    assert again.viewer.id == first.viewer.id
    for _ in range(3):
        log.settle()
        a.wait()
        b.wait()
    assert (a.told(), b.told()) == ([], [])
    assert ids(a) == ids(b) == {first.viewer.id}


def test_who_polls_any_hub_is_one_viewer(log: Log) -> None:
    a, b = log.members
    for member in (a, b, a, b):
        member.open(ADA, "train", ("train",)).close()
        log.settle()
        for each in log.members:
            each.wait(GRACE_S - 3 * limits.LINK_CHECK_S)
    assert len(ids(a) | ids(b)) == 1
    assert [a.names(), b.names()] == [[("Joined", "Ada")]] * 2


def test_streams_without_a_text_are_viewers_of_their_own_at_each_hub(log: Log) -> None:
    for member in log.members:
        member.open(ADA)
    log.settle()
    assert len(ids(log.members[0])) == len(ids(log.members[1])) == 2


def test_viewers_by_a_link_are_counted_over_all_hubs(log: Log) -> None:
    a, b = log.members
    a.open(LINK)
    b.open(LINK)
    b.open(Grant("link:1", ("*",), link_id="1"))
    log.settle()
    assert a.hub.presence.by_link("1") == b.hub.presence.by_link("1") == 2


def test_a_hub_that_comes_later_hears_of_all(log: Log) -> None:
    log.members[0].open()
    late = log.join("c")
    log.members.append(late)
    log.settle()
    assert ids(late) == ids(log.members[1]) != set()


def test_a_hub_that_is_gone_is_missed_once_before_its_viewers_count_no_more(log: Log) -> None:
    a, b = log.members
    a.open()
    log.settle()
    b.told()
    b.crowd.keep(frozenset())
    assert ids(b) != set()
    b.crowd.keep(frozenset())
    assert (ids(b), b.told()) == (set(), [])
    b.wait()
    assert {type(each) for each in b.told()} == {Left}


def test_who_speaks_before_it_is_known_is_no_stranger(log: Log) -> None:
    a, b = log.members
    for known in ([], ["a"], [], ["a"], []):
        b.crowd.keep(frozenset(known))
    a.open()
    log.settle()
    assert ids(b) != set()


def test_a_large_crowd_takes_several_entries(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BROKER_SIGHTINGS", 3)
    a, b = log.members
    sessions = [a.open() for _ in range(10)]
    before = len(log.entries)
    log.settle()
    assert len(log.entries) == before + 4
    late = log.join("c")
    log.members.append(late)
    log.settle()
    assert len(ids(b)) == len(ids(late)) == 10
    for session in sessions:
        session.close()
    a.wait()
    log.settle()
    assert ids(b) == ids(late) == set()


def test_a_hub_without_others_keeps_nothing_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BROKER_SIGHTINGS", 3)
    alone = Log("a")
    alone.settle()
    for _ in range(20):
        alone.members[0].open()
    assert not alone.members[0].crowd.changed.is_set()
    assert len(alone.members[0].crowd._moves) <= 4


class Crowds(RuleBasedStateMachine):
    """Three hubs; entries are written late and read later still."""

    @initialize()
    def begin(self) -> None:
        self.numbers = itertools.count()
        self.log = Log(*(f"hub{next(self.numbers)}" for _ in range(HUBS)))
        self.open: list[tuple[Member, Session]] = []
        for member in self.log.members:
            member.watch("other")
        self.log.settle()
        self.kept: dict[tuple[str, str], set[str]] = {}
        self.what_is_told_makes_sense()

    @rule(which=st.integers(0, HUBS - 1), grant=st.sampled_from([ADA, ADA_1, ADA_2, LINK]), is_poll=st.booleans())
    def come(self, which: int, grant: Grant, is_poll: bool) -> None:
        member, room = self.log.members[which], ROOMS[is_poll]
        self.open.append((member, member.open(grant, room, (room,) if is_poll else None)))

    @rule(number=st.integers(0, 20))
    def go(self, number: int) -> None:
        if self.open:
            self.open.pop(number % len(self.open))[1].close()

    @rule(number=st.integers(0, 20), which=st.integers(0, HUBS - 1), grant=st.sampled_from([ADA_1, LINK]))
    def move(self, number: int, which: int, grant: Grant) -> None:
        """To another hub, at once."""
        self.go(number)
        self.come(which, grant, False)

    @rule(number=st.integers(0, 20), room=st.sampled_from(ROOMS), reads=st.booleans())
    def change(self, number: int, room: str, reads: bool) -> None:
        if self.open:
            member, session = self.open[number % len(self.open)]
            if reads:
                member.read(session, room)
            else:
                session.unsubscribe(room)

    @rule(which=st.integers(0, HUBS - 1))
    def write(self, which: int) -> None:
        self.log.write(self.log.members[which])

    @rule(which=st.integers(0, HUBS - 1), count=st.integers(1, 5))
    def read(self, which: int, count: int) -> None:
        self.log.read(self.log.members[which], count)

    @rule(seconds=st.floats(0.5, 8))
    def time_goes_by(self, seconds: float) -> None:
        for member in self.log.members:
            member.wait(seconds)

    @rule(which=st.integers(0, HUBS - 1))
    def one_is_killed_and_another_begins(self, which: int) -> None:
        gone = self.log.members[which]
        self.open = [(member, session) for member, session in self.open if member is not gone]
        del self.log.members[which]
        known = frozenset(member.node for member in self.log.members)
        for member in self.log.members:
            self.log.read(member)  # nothing of it is on its way any more when it has been missed twice
            member.crowd.keep(known)
            member.crowd.keep(known)
        self.log.members.append(self.log.join(f"hub{next(self.numbers)}"))
        self.log.members[-1].watch("other")

    @invariant()
    def what_is_told_makes_sense(self) -> None:
        if not hasattr(self, "kept"):
            return
        for member in self.log.members:
            for each in member.told():
                kept = self.kept.setdefault((member.node, each.room), set())
                assert (each.viewer.id in kept) is isinstance(each, Left)
                kept ^= {each.viewer.id}

    def teardown(self) -> None:
        if not hasattr(self, "kept"):
            return
        for _ in range(3):
            self.log.settle()
            for member in self.log.members:
                member.wait(2 * GRACE_S)
        self.what_is_told_makes_sense()
        for room in ROOMS:
            reading = {session.viewer.id for _, session in self.open if room in session.rooms}
            for member in self.log.members:
                assert ids(member, room) == reading
                kept = {each for each in self.kept.get((member.node, room), set()) if not each.endswith("-1")}
                assert kept == reading


TestCrowds = Crowds.TestCase
TestCrowds.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


def test_a_large_crowd_that_is_told_again_is_no_news(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BROKER_SIGHTINGS", 3)
    a, b = log.members
    for _ in range(8):
        a.open()
    log.settle()
    b.told()
    a.crowd.arrive()
    log.members.append(log.join("c"))
    log.settle()
    assert [(type(each), each.viewer.id) for each in b.told()] == [(Joined, "c-1")], "but the one who watches there"
    assert len(ids(b)) == 8
