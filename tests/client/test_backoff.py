from __future__ import annotations

import random

from livedash.client.backoff import JITTER, Backoff, bounded_s


def test_bound_doubles_until_it_reaches_its_maximum() -> None:
    backoff = Backoff(lambda: 1.0, first_s=0.2, max_s=2.0)
    assert [round(backoff.next_s(), 3) for _ in range(6)] == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_jitter_takes_the_whole_interval() -> None:
    draws = iter([0.0, 0.5, 0.25])
    backoff = Backoff(lambda: next(draws), first_s=1.0, max_s=8.0)
    assert [backoff.next_s() for _ in range(3)] == [0.0, 1.0, 1.0]


def test_a_success_begins_again_at_the_first_bound() -> None:
    backoff = Backoff(lambda: 1.0, first_s=0.2, max_s=2.0)
    backoff.next_s()
    backoff.next_s()
    backoff.reset()
    assert backoff.next_s() == 0.2


def test_a_very_long_outage_overflows_nothing() -> None:
    backoff = Backoff(lambda: 1.0, first_s=0.2, max_s=2.0)
    backoff.attempts = 100_000
    assert backoff.next_s() == 2.0


def test_a_wait_that_the_hub_asks_for_is_never_shortened() -> None:
    assert Backoff(lambda: 0.0).spread_s(2.4) == 2.4
    assert Backoff(lambda: 1.0).spread_s(1.0) == 1.5
    assert Backoff(lambda: 1.0).spread_s(8.0) == 9.0


def test_a_wait_that_no_timer_knows_is_a_day_at_most() -> None:
    assert Backoff(lambda: 0.0).spread_s(1e300) == bounded_s(1e300) == 86_400
    assert bounded_s(-1.0) == 0.0


def test_waits_do_not_move_a_user_s_seeded_numbers() -> None:
    random.seed(7)
    expected = random.random()
    random.seed(7)
    Backoff(JITTER).next_s()
    assert random.random() == expected
