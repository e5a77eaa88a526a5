from __future__ import annotations

import pytest

from livedash.brokers.contract import BrokerLostError
from livedash.brokers.kafka_standing import Standings, Step, to_bytes


def after(*steps: Step) -> Standings:
    standings = Standings()
    for number, step in enumerate(steps, 1):
        standings.take(number, to_bytes(step))
    return standings


def test_of_two_steps_from_one_place_the_first_counts() -> None:
    standings = after(Step(0, "a", "run", "run", 0), Step(0, "b", "run", "run", 0))
    assert (standings.revision, standings.step.generation) == (1, "a")
    assert not standings.is_over("b"), "it never began"


def test_a_step_that_comes_late_does_not_count() -> None:
    standings = after(Step(0, "a"), Step(1, "b"), Step(1, "a", "run"))
    assert (standings.revision, standings.step) == (2, Step(1, "b"))


def test_a_generation_is_over_when_the_next_has_begun() -> None:
    standings = after(Step(0, "a"), Step(1, "a", "run"), Step(2, "b"))
    assert [standings.is_over(generation) for generation in ("a", "b", "c")] == [True, False, False]


def test_a_run_lasts_as_long_as_the_logs_leader() -> None:
    standings = after(Step(0, "a", "run", "run", leader=4), Step(1, "a", "another", "run", leader=4))
    assert standings.run_under("cluster", 4) == "run"
    names = {standings.run_under("cluster", leader) for leader in (4, 5, 6)}
    assert len(names) == 3
    later = after(Step(0, "b", "run", "run", leader=4))
    assert later.run_under("cluster", 5) not in names, "another generation's log has epochs of its own"


def test_all_runs_are_known() -> None:
    assert after(Step(0, "a", run="1"), Step(0, "b", run="2"), Step(1, "a", run="3")).runs == {"1", "3"}


def test_what_no_livedash_wrote_is_refused() -> None:
    with pytest.raises(BrokerLostError, match="not livedash's"):
        Standings().take(1, b"hello")
