from __future__ import annotations

from livedash import limits
from livedash.core.ladder import LadderStatistics
from tests.core.stage import Stage


def test_nobody_was_slow_yet() -> None:
    stage = Stage()
    viewer = stage.viewer()
    stage.push({"n": 1})
    viewer.take_all()
    assert stage.hub.ladder.statistics() == LadderStatistics(0, 0, 0, 0)


def test_records_that_a_mode_leaves_out_are_conflated() -> None:
    stage = Stage()
    latest, sample = stage.viewer(mode="latest"), stage.viewer(mode="sample")
    stage.push_numbers(1, 5)
    latest.take_all()
    assert stage.hub.ladder.conflated == 4
    sample.take_all()
    assert stage.hub.ladder.conflated == 8


def test_a_queue_that_is_given_up_for_the_state_is_dropped() -> None:
    stage = Stage(history_records=3)
    viewer = stage.viewer()
    stage.push_numbers(1, 1)
    viewer.take_all()
    stage.push_numbers(2, 10)
    viewer.take_all()
    assert stage.hub.ladder.statistics() == LadderStatistics(0, 0, 1, 0)


def test_a_queue_of_a_blocked_viewer_is_dropped_above_an_outbox() -> None:
    stage = Stage()
    viewer = stage.viewer()
    for _ in range(limits.OUTBOX_BYTES // 500_000 + 1):
        stage.push({"text": "x" * 500_000})
    viewer.session.note_blocked()
    viewer.take_all()
    assert stage.hub.ladder.dropped == 1


def test_a_gap_that_is_nobodys_slowness_is_none() -> None:
    stage = Stage(history_records=3)
    stage.push_numbers(1, 10)
    stage.viewer(since=f"train:{stage.epoch}-1").take_all()
    assert stage.hub.ladder.dropped == 0
