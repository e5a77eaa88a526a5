from __future__ import annotations

import pytest

from livedash import limits
from livedash.core.publishers import IdempotencyKeys, Publishers, Request
from livedash.errors import ConflictError
from livedash.wire.messages import Welcome
from livedash.wire.position import Position


def test_a_batch_that_comes_again_gets_the_first_answer() -> None:
    publishers = Publishers()
    publishers.remember("p1", 7, Position("e", 10))
    assert publishers.answer("p1", 7) == Position("e", 10)
    assert publishers.answer("p1", 8) is None
    assert publishers.answer("p2", 7) is None


def test_answers_are_bounded_per_publisher_above_what_can_be_in_flight() -> None:
    publishers = Publishers()
    for seq in range(limits.PUBLISHER_ANSWERS + 1):
        publishers.remember("p1", seq, Position("e", seq + 1))
    assert publishers.answer("p1", 0) is None
    assert publishers.answer("p1", 1) == Position("e", 2)
    assert limits.PUBLISHER_ANSWERS > 2 * limits.PUBLISHER_IN_FLIGHT


def test_the_publisher_that_was_unheard_for_longest_is_forgotten_first() -> None:
    publishers = Publishers()
    for number in range(limits.PUBLISHERS_PER_ROOM):
        publishers.remember(f"p{number}", 1, Position("e", 1))
    publishers.remember("p0", 2, Position("e", 2))
    publishers.remember("new", 1, Position("e", 3))
    assert publishers.answer("p0", 1) == Position("e", 1)
    assert publishers.answer("p1", 1) is None


def test_lost_records_are_those_of_all_publishers_by_what_each_said_last() -> None:
    publishers = Publishers()
    publishers.note_dropped("p1", 5)
    publishers.note_dropped("p1", 8)
    publishers.note_dropped("p2", 1)
    assert publishers.dropped == 9


def test_a_repeated_request_gets_the_first_answer_for_ten_minutes() -> None:
    keys = IdempotencyKeys()
    assert keys.answer("r", Request("ada", "k", b"body"), 0.0) is None
    keys.remember("r", Request("ada", "k", b"body"), Position("e", 1), 0.0)
    assert keys.answer("r", Request("ada", "k", b"body"), 599.0) == Position("e", 1)
    assert keys.answer("r", Request("ada", "k", b"body"), 601.0) is None


def test_a_key_used_with_another_body_is_a_conflict() -> None:
    keys = IdempotencyKeys()
    keys.remember("r", Request("ada", "k", b"body"), Position("e", 1), 0.0)
    with pytest.raises(ConflictError, match="use a new key"):
        keys.answer("r", Request("ada", "k", b"other"), 1.0)


def test_keys_of_other_rooms_and_callers_are_their_own() -> None:
    keys = IdempotencyKeys()
    keys.remember("r", Request("ada", "k", b"body"), Position("e", 1), 0.0)
    assert keys.answer("s", Request("ada", "k", b"other"), 1.0) is None
    assert keys.answer("r", Request("bob", "k", b"other"), 1.0) is None


# Who is alone


class Connected:
    def notify(self, _: Welcome) -> None:
        """Told by the hub, not here."""


def test_who_wrote_first_is_the_only_one_until_another_writes() -> None:
    publishers, first = Publishers(), Connected()
    assert publishers.note_author("p1", first, is_first=True) is None
    assert publishers.note_author("p1", first) is None
    assert publishers.is_only("p1")
    assert publishers.note_author("p2", Connected()) is first
    assert not publishers.is_only("p1")
    assert not publishers.is_only("p2")
    assert publishers.note_author("p1", first) is None  # it knows already


def test_nobody_is_alone_in_an_epoch_that_has_ended_and_its_author_is_told_once() -> None:
    publishers, first = Publishers(), Connected()
    publishers.note_author("p1", first, is_first=True)
    assert publishers.forget_only() is first
    assert publishers.forget_only() is None
    assert not publishers.is_only("p1")


def test_those_without_an_id_count_as_one_that_is_told_nothing() -> None:
    publishers = Publishers()
    publishers.note_author(None, None, is_first=True)
    assert publishers.is_only(None)
    assert publishers.note_author("p1", Connected()) is None
