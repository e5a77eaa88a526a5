from __future__ import annotations

import pytest

from livedash.sources.schedule import Schedule


def test_turns_lie_on_a_grid_whatever_the_runs_take() -> None:
    schedule = Schedule(2.0, now_s=100.0)
    waits = [schedule.wait_s(now_s) for now_s in (100.5, 102.1, 104.0, 107.9)]
    assert waits == pytest.approx([1.5, 1.9, 2.0, 0.1])


def test_slow_run_skips_turns_and_shifts_none() -> None:
    schedule = Schedule(1.0, now_s=0.0)
    assert schedule.wait_s(3.4) == pytest.approx(0.6)
    assert schedule.wait_s(4.0) == pytest.approx(1.0)


def test_ten_thousand_turns_do_not_drift() -> None:
    schedule, now_s = Schedule(0.1, now_s=0.0), 0.0
    for _ in range(10_000):
        now_s += 0.03
        now_s += schedule.wait_s(now_s)
    assert now_s == pytest.approx(1000.0)


def test_without_a_period_each_turn_is_due_at_once() -> None:
    assert Schedule(0.0, now_s=5.0).wait_s(9.0) == 0.0
