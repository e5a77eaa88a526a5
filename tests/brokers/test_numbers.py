from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash import limits
from livedash.brokers.numbers import Numbers


def test_what_was_added_is_there_and_nothing_else() -> None:
    numbers = Numbers()
    for number in (1, 2, 5, 6, 3):
        numbers.add("a", number)
    assert [number for number in range(8) if numbers.has("a", number)] == [1, 2, 3, 5, 6]
    assert not numbers.has("b", 1)


def test_neighbours_are_one_range() -> None:
    numbers = Numbers()
    for number in (1, 2, 3, 7, 9, 8, 8):
        numbers.add("a", number)
    assert numbers.all() == {"a": [(1, 3), (7, 9)]}
    assert Numbers(numbers.all()).has("a", 8)


@given(st.lists(st.integers(1, 30)))
def test_they_are_a_set_in_whatever_order_they_come(added: list[int]) -> None:
    numbers = Numbers()
    for number in added:
        numbers.add("a", number)
    assert {number for number in range(32) if numbers.has("a", number)} == set(added)
    ranges = numbers.all().get("a", [])
    assert all(left[1] + 1 < right[0] for left, right in pairwise(ranges))


def test_the_node_that_was_silent_for_longest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BROKER_NODES", 2)
    numbers = Numbers()
    for node in ("a", "b", "a", "c"):
        numbers.add(node, 1)
    assert sorted(numbers.all()) == ["a", "c"]
