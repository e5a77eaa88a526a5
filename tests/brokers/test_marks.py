from __future__ import annotations

from livedash.brokers.contract import BEFORE_ALL
from livedash.brokers.marks import MOST_ENTRIES, holds, mark_of, number_of


def test_a_mark_knows_its_message_from_another_with_the_same_number() -> None:
    for index in (0, 1, MOST_ENTRIES - 1):
        mark = mark_of(7, b"this", index)
        assert number_of(mark) == 7
        assert holds(mark, b"this")
        assert not holds(mark, b"that")


def test_marks_grow_with_the_number_and_then_with_the_place_in_the_message() -> None:
    marks = [mark_of(number, b"%d" % number, index) for number in (1, 2, 3) for index in (0, 1, MOST_ENTRIES - 1)]
    assert marks == sorted(set(marks))
    assert marks[0] > BEFORE_ALL


def test_before_all_is_in_no_message() -> None:
    assert number_of(BEFORE_ALL) == 0
