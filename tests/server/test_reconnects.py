from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from livedash import limits
from livedash.server.reconnects import waits_s

FIRST_S, LEAST_S = limits.RECONNECT_FIRST_S, limits.RECONNECT_LEAST_S


def waits(count: int, longest_s: float = limits.DRAIN_S) -> list[float]:
    return waits_s(count, longest_s, Random(7))


def test_nobody_is_sent_away_without_anybody_there() -> None:
    assert waits(0) == []


@pytest.mark.parametrize("count", [1, 2, 10, 100])
def test_a_few_come_back_soon_and_apart(count: int) -> None:
    told = waits(count)
    assert len(set(told)) >= 0.9 * count
    assert all(FIRST_S <= wait_s <= FIRST_S + LEAST_S for wait_s in told)


def test_many_come_back_at_an_even_rate() -> None:
    told = waits(2500)
    a_second = Counter(int(wait_s - limits.RESTART_S) for wait_s in told)
    assert len(told) == 2500
    assert min(told) >= limits.RESTART_S
    assert max(a_second.values()) <= limits.RECONNECTS_HZ + 2
    a_tenth = Counter(int((wait_s - limits.RESTART_S) * 10) for wait_s in told)
    assert max(a_tenth.values()) <= limits.RECONNECTS_HZ / 10 + 2


def test_too_many_for_that_rate_are_spread_over_the_time_that_a_drain_lasts() -> None:
    told = waits(50_000)
    assert limits.RESTART_S <= min(told) < max(told) <= limits.DRAIN_S
    assert max(told) - min(told) > limits.DRAIN_S - limits.RESTART_S - 1


def test_those_of_a_short_drain_do_not_wait_for_a_restart() -> None:
    told = waits(5000, longest_s=1.0)
    assert 0.5 <= min(told) < max(told) <= 1.0


def test_whose_turn_it_is_does_not_depend_on_who_came_first() -> None:
    told = waits(1000)
    assert told not in (sorted(told), sorted(told, reverse=True))
    assert told != waits_s(1000, limits.DRAIN_S, Random(8))


def test_a_drain_that_is_shorter_than_that_spreads_a_little_all_the_same() -> None:
    assert all(FIRST_S <= wait_s <= FIRST_S + LEAST_S for wait_s in waits(100, longest_s=0.0))
