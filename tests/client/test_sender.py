from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from livedash import limits
from livedash.client import sender as module
from livedash.client.embedded import EmbeddedHub
from livedash.client.intake import Handed, Intake
from livedash.client.loop_thread import LoopThread
from livedash.client.room_spool import RoomSpoolStatistics
from livedash.client.sender import Sender, Wait
from livedash.wire.batch import Batch

LIMIT_S = 20.0


class Place:
    """A sender with a hub in this process."""

    def __init__(self) -> None:
        self.thread = LoopThread("test sender")
        self.hub = EmbeddedHub(self.thread)
        self.intake = Intake()
        self.sender = Sender(self.thread, lambda: self.hub, self.intake)

    def push(self, *numbers: int, room: str = "train") -> None:
        for number in numbers:
            self.intake.open(room)((number * 1000, {"n": number}))

    def flush(self) -> int:
        wait = Wait()
        self.thread.call_soon(self.sender.wake)
        self.thread.call_soon(self.sender.flush, wait)
        self.thread.wait_for(wait.done, LIMIT_S)
        return wait.left(self.sender.statistics().rooms)

    def values(self, room: str = "train") -> list[int]:
        return [record["n"] for record in self.hub.read(room, "earliest", limits.READ_LIMIT_MAX).batch.records()]

    def room(self, name: str = "train") -> RoomSpoolStatistics:
        return next(room for room in self.sender.statistics().rooms if room.room == name)


@pytest.fixture
def place() -> Iterator[Place]:
    made = Place()
    yield made
    made.thread.call(made.sender.close)


def test_records_travel_in_order_with_the_times_of_their_pushes(place: Place) -> None:
    place.push(3, 1, 2)
    assert place.flush() == 0
    assert place.values() == [3, 1, 2]
    assert place.hub.read("train", "earliest", 10).batch.times_us() == [3, 1, 2]


def test_more_records_than_one_batch_holds_are_flushed_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PUBLISH_BATCH_RECORDS", 10)
    place.push(*range(95))
    assert place.flush() == 0
    assert place.values() == list(range(95))


def test_statistics_know_rooms_whose_records_have_not_been_taken_yet(place: Place) -> None:
    place.push(1, 2)
    assert place.room() == RoomSpoolStatistics("train", 2, 0, 2, 0, 0, None)
    assert place.sender.statistics().state == "idle"
    assert place.flush() == 0
    assert place.room() == RoomSpoolStatistics("train", 2, 2, 0, 0, 0, None)
    statistics = place.sender.statistics()
    assert (statistics.state, statistics.transport, statistics.address) == (
        "connected",
        "in-process",
        "in this process",
    )


def test_record_that_only_packing_finds_bad_is_refused_without_its_neighbours(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_columns(handed: list[Handed]) -> Iterator[Batch]:
        """A part may be given on before the bad one is found."""
        for one in handed:
            if one[0] == 13_000:
                raise ValueError("13 is bad")
            yield from originally([one])

    originally = module.in_columns
    monkeypatch.setattr(module, "in_columns", in_columns)
    place.push(*range(30))
    assert place.flush() == 0
    assert place.values() == [number for number in range(30) if number != 13]
    assert (place.room().refused, place.room().reason) == (1, "bad_value: 13 is bad")


def test_callers_that_are_too_fast_lose_the_oldest_which_are_counted(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PUBLISHER_QUEUED_RECORDS", 10)
    place.push(*range(25))
    assert place.flush() == 0
    assert place.values() == list(range(15, 25))
    assert (place.room().lost, place.room().pushed) == (15, 25)
    assert place.hub.state("train").publishers_dropped == 15


def test_sender_that_fails_says_so_begins_again_and_loses_nothing_that_it_had_not_taken(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []
    states: list[tuple[str, str | None]] = []
    sleep = asyncio.sleep

    async def slept(seconds: float) -> None:
        if seconds == limits.BACKOFF_MAX_S:
            statistics = place.sender.statistics()
            states.append((statistics.state, statistics.reason))
            seconds = 0
        await sleep(seconds)

    def take(intake: Intake) -> Iterator[tuple[str, list[Handed]]]:
        calls.append(None)
        if len(calls) == 1:
            raise LookupError("a mistake of ours")
        return originally(intake)

    originally = Intake.take
    monkeypatch.setattr(asyncio, "sleep", slept)
    monkeypatch.setattr(Intake, "take", take)
    place.push(1, 2)
    place.thread.call(place.sender.wake)
    while not states:
        place.thread.call(int)
    assert states == [
        ("waiting", "livedash's own sender failed, please report it: LookupError: a mistake of ours"),
    ]
    assert place.flush() == 0
    assert place.values() == [1, 2]


def test_hub_that_does_not_answer_is_left_and_gets_the_records_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WATCH_S", 0.01)
    place.push(1)
    assert place.flush() == 0
    monkeypatch.setattr(limits, "PUBLISHER_ACK_LIMIT_S", 0.0)
    channel = place.sender._connection._channel
    monkeypatch.setattr(channel, "send", lambda _: None)  # the line is dead, and says nothing
    place.push(2, 3)
    assert place.flush() == 0
    assert place.values() == [1, 2, 3]
    assert place.sender._connection._channel is not channel


def test_wait_is_over_when_what_was_there_at_its_beginning_is_answered() -> None:
    def rooms(answered: int, waiting: int) -> list[RoomSpoolStatistics]:
        return [RoomSpoolStatistics("a", answered + waiting, answered, waiting, 0, 0, None)]

    wait = Wait(until={"a": 10})
    assert wait.left(rooms(4, 6)) == 6
    assert wait.left(rooms(9, 500)) == 1
    assert wait.left(rooms(10, 500)) == 0
    assert wait.left(rooms(500, 0)) == 0


def test_forked_childs_copy_lets_go_of_the_connection_without_a_word(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.push(1)
    assert place.flush() == 0
    channel, said = place.sender._connection._channel, []
    monkeypatch.setattr(channel, "abandon", lambda: said.append("abandoned"))
    monkeypatch.setattr(channel, "send", lambda _: said.append("sent"))
    monkeypatch.setattr(channel, "close", lambda: said.append("closed"))
    place.thread.call(place.sender.abandon)
    place.thread.call(place.sender.abandon)
    assert said == ["abandoned"]


def test_each_sender_has_an_id_of_its_own() -> None:
    assert len({Place().sender._spool.publisher for _ in range(50)}) == 50
