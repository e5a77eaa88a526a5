from __future__ import annotations

import threading

import pytest

from livedash import limits
from livedash.client.intake import Intake, in_columns
from livedash.errors import NameRefusedError
from livedash.wire.batch import Batch
from tests.client.hub_on_the_line import numbered

LIMIT_S = 20.0


@pytest.fixture
def intake() -> Intake:
    return Intake()


def take_all(intake: Intake) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    while intake:
        for room, handed in intake.take():
            found.setdefault(room, []).extend(record["n"] for _, record in handed if isinstance(record, dict))
    return found


def test_records_are_taken_in_the_order_in_which_they_were_handed_over(intake: Intake) -> None:
    for number in range(5):
        intake.open("a")((0, {"n": number}))
        intake.open("b")((0, {"n": -number}))
    assert intake.waiting() == {"a": 5, "b": 5}
    assert take_all(intake) == {"a": [0, 1, 2, 3, 4], "b": [0, -1, -2, -3, -4]}
    assert not intake
    assert intake.rooms == ("a", "b")


def test_room_that_can_not_be_named_is_not_opened(intake: Intake) -> None:
    with pytest.raises(NameRefusedError):
        intake.open("no spaces")
    assert (intake.rooms, intake.appends) == ((), {})


def test_each_room_is_taken_up_to_one_batch_at_a_time(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PUBLISH_BATCH_RECORDS", 3)
    append = intake.open("a")
    for number in range(7):
        append((0, {"n": number}))
    assert intake.is_behind()
    assert [[len(handed) for _, handed in intake.take()] for _ in range(3)] == [[3], [3], [1]]
    assert not intake.is_behind()


def test_oldest_records_go_where_callers_are_too_fast_and_batches_count_by_their_records(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PUBLISHER_QUEUED_RECORDS", 2)
    append = intake.open("a")
    append((0, numbered(1, 2, 3)))
    for number in range(3):
        append((0, {"n": number}))
    assert intake.waiting() == {"a": 6}
    assert list(intake.drop_excess()) == [("a", 4)]
    assert take_all(intake) == {"a": [1, 2]}
    assert list(intake.drop_excess()) == []


def test_threads_that_hand_over_while_others_take_lose_nothing_and_keep_their_order(intake: Intake) -> None:
    count, threads = 20_000, 4

    def push(who: int) -> None:
        for number in range(count):
            intake.open("a")((0, {"n": number * threads + who}))

    pushing = [threading.Thread(target=push, args=(who,)) for who in range(threads)]
    for thread in pushing:
        thread.start()
    taken: list[int] = []
    while any(thread.is_alive() for thread in pushing) or intake:
        taken += take_all(intake).get("a", [])
    for thread in pushing:
        thread.join(LIMIT_S)
    assert len(taken) == count * threads
    for who in range(threads):
        assert [number for number in taken if number % threads == who] == list(range(who, count * threads, threads))


def test_ended_intake_stays_parked_so_that_each_push_comes_to_wake_the_sender(intake: Intake) -> None:
    intake.unpark()
    assert not intake.is_parked
    intake.end()
    intake.unpark()
    assert intake.is_parked


def test_runs_of_records_become_a_batch_each_between_the_batches_that_were_handed_over() -> None:
    given = numbered(3, 4)
    handed: list[tuple[int, dict[str, int] | Batch]] = [
        (1_000, {"n": 1}),
        (2_999, {"n": 2}),
        (0, given),
        (5_000, {"n": 5}),
    ]
    batches = list(in_columns(handed))
    assert [[record["n"] for record in batch.records()] for batch in batches] == [[1, 2], [3, 4], [5]]
    assert batches[1] is given
    assert batches[0].times_us() == [1, 2]  # microseconds
