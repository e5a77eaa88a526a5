from __future__ import annotations

import pytest

from livedash.core.history import Stored
from livedash.core.own_records import OwnRecords
from livedash.wire.batch import Batch
from livedash.wire.position import Position


def stored(first: int, count: int) -> Stored:
    return Stored(first, Batch.from_records([{"n": first + row} for row in range(count)], [0] * count))


@pytest.fixture
def own() -> OwnRecords:
    own = OwnRecords()
    own.add(Position("k3x9", 4), 2)
    own.add(Position("k3x9", 5), 1)
    own.add(Position("k3x9", 9), 1)
    return own


def test_those_that_come_next_are_passed_at_once(own: OwnRecords) -> None:
    assert own.passed("k3x9", 2) == 5
    assert own.passed("k3x9", 5) == 5
    assert own.passed("k3x9", 8) == 9


def test_others_are_read_up_to_the_next_of_them(own: OwnRecords) -> None:
    own.passed("k3x9", 2)
    (part,) = own.before_next([stored(6, 5), stored(11, 2)])
    assert (part.first, part.last) == (6, 8)


def test_those_that_a_reader_has_behind_it_are_forgotten(own: OwnRecords) -> None:
    assert own.passed("k3x9", 20) == 20
    assert own.before_next(parts := [stored(21, 1)]) is parts


def test_those_of_another_epoch_leave_nothing_out(own: OwnRecords) -> None:
    assert own.passed("b7q2", 2) == 2
    own.add(Position("b7q2", 4), 2)
    assert own.passed("b7q2", 2) == 4
