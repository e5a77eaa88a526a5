from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash import limits
from livedash.client.contract import Channel
from livedash.client.embedded import EmbeddedHub
from livedash.client.loop_thread import LoopThread
from livedash.client.publisher import Publisher
from livedash.errors import (
    LivedashError,
    NameRefusedError,
    NotFoundError,
    NotLoggedInError,
    TooLargeError,
    UnreachableError,
    ValueRefusedError,
)
from tests.client.hub_on_the_line import numbered
from tests.end_to_end.processes import wait_until

LIMIT_S = 20.0
SOON_S = 0.05
PAUSE_S = 0.0005  # between records: without any there is always one that no hub has answered


class Nowhere:
    """A hub that can't be had, or refuses."""

    address, transport = "nowhere", "websocket"

    def __init__(self, error: LivedashError) -> None:
        self._error = error

    async def connect(self) -> Channel:
        raise self._error


class Place:
    """A publisher, its thread, and a hub in this process; another hub can be put in its place."""

    def __init__(self) -> None:
        self.thread = LoopThread("test publisher")
        self.hub = EmbeddedHub(self.thread)
        self.connector: Any = self.hub
        self.calls: list[str] = []
        self.publisher = Publisher(
            self.thread,
            lambda: self.connector,
            on_start=lambda: self.calls.append("start"),
            on_late=lambda: self.calls.append("late"),
        )

    def values(self, room: str, field: str = "n") -> list[Any]:
        assert self.publisher.flush(LIMIT_S) == 0
        try:
            return [record[field] for record in self.hub.read(room, "earliest", limits.READ_LIMIT_MAX).batch.records()]
        except NotFoundError:
            return []


@pytest.fixture
def place() -> Iterator[Place]:
    made = Place()
    yield made
    made.publisher.close()


@pytest.fixture(scope="module")
def lasting() -> Place:
    """For examples of Hypothesis, each with a room of its own."""
    return Place()


# What may be pushed


@pytest.mark.parametrize(
    "given",
    [
        [{"n": 1}, {"n": 2}],
        ({"n": 1}, {"n": 2}),
        pd.DataFrame({"n": [1, 2]}),
        pl.DataFrame({"n": [1, 2]}),
        pl.DataFrame({"n": [1, 2]}).to_arrow(),
    ],
    ids=["list", "tuple", "pandas", "polars", "arrow"],
)
def test_many_records_come_between_what_is_pushed_before_and_after(place: Place, given: Any) -> None:
    place.publisher.push("train", n=0)
    place.publisher.push("train", given)
    place.publisher.push("train", {"n": 3})
    assert place.values("train") == [0, 1, 2, 3]


def test_empty_list_and_frame_push_nothing(place: Place) -> None:
    place.publisher.push("train", [])
    place.publisher.push("train", pd.DataFrame({"n": []}))
    assert place.values("train") == []
    assert place.calls == []


def test_later_changes_of_a_pushed_mapping_do_not_reach_the_record(place: Place) -> None:
    record = {"n": [1]}
    place.publisher.push("train", record)
    place.publisher.push("train", **record)
    record["n"].append(2)
    assert place.values("train") == [[1], [1]]


# What may not


class Foreign:
    """Nothing that could be encoded."""


@pytest.mark.parametrize(
    ("record", "path"),
    [
        ({"a": Foreign()}, "a"),
        ({"a": {"b": Foreign()}}, "a.b"),
        ({"a": [1, {"b": [Foreign()]}]}, "a[1].b[0]"),
        ({"a": (0, 1, 2j)}, "a[2]"),
        ({"a": {"b": {1: 2}}}, "a.b"),
        ({"a": b"raw"}, "a"),
        ({"a": {"b": np.array([1j])}}, "a.b"),
        ({"a": {"b": object}}, "a.b"),
    ],
)
@pytest.mark.parametrize(
    "push",
    [
        lambda publisher, record: publisher.push("train", **record),
        lambda publisher, record: publisher.push("train", record),
        lambda publisher, record: publisher.push("train", [{"a": 1}, record]),
    ],
    ids=["fields", "mapping", "list"],
)
def test_value_that_can_not_be_encoded_raises_in_its_caller_with_the_fields_path(
    place: Place, record: dict[str, Any], path: str, push: Callable[[Publisher, dict[str, Any]], None]
) -> None:
    with pytest.raises(ValueRefusedError) as caught:
        push(place.publisher, record)
    assert f"'{path}" in caught.value.message, caught.value.message
    place.publisher.push("train", n=1)
    assert place.values("train") == [1]  # nothing of that call, not even what came before it in the list


def trees(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, list[str | int]]]:
    """A nest of lists and mappings with the leaf somewhere in it, and the way to it."""
    found = leaf.map(lambda value: (value, []))
    for _ in range(4):
        found = st.one_of(
            found,
            st.tuples(found, st.lists(st.integers(), max_size=3)).map(
                lambda given: ([*given[1], given[0][0]], [len(given[1]), *given[0][1]])
            ),
            st.tuples(found, st.sampled_from(["x", "y", "long_name"])).map(
                lambda given: ({"before": 1, given[1]: given[0][0], "z": None}, [given[1], *given[0][1]])
            ),
        )
    return found


BAD = st.sampled_from(
    [Foreign(), b"raw", 1j, Foreign, lambda: None, iter(()), NotImplemented, slice(1), memoryview(b"")]
)


@given(tree=trees(BAD), good=st.integers(0, 5))
def test_path_to_a_bad_value_is_told_however_deep_it_lies(
    lasting: Place, tree: tuple[Any, list[str | int]], good: int
) -> None:
    value, way = tree
    path = "field" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way)
    before = lasting.publisher.statistics()
    with pytest.raises(ValueRefusedError) as caught:
        lasting.publisher.push("deep", [*[{"field": 1}] * good, {"field": value}])
    assert f"'{path}'" in caught.value.message
    assert lasting.publisher.statistics() == before


@pytest.mark.parametrize("name", ["", "no spaces", "a..b", "livedash.x", "x" * 129, "ä"])
def test_room_that_can_not_be_named_is_refused_by_each_way_to_push(place: Place, name: str) -> None:
    for act in (
        lambda: place.publisher.push(name, n=1),
        lambda: place.publisher.push(name, {"n": 1}),
        lambda: place.publisher.push_batches(name, [numbered(1)]),
    ):
        with pytest.raises(NameRefusedError):
            act()
    assert place.publisher.statistics().rooms == ()


def test_batches_that_the_buffer_could_never_hold_are_refused_whole(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PUBLISHER_BUFFER_BYTES", 3 * numbered(1).nbytes)
    place.publisher.push_batches("train", [numbered(1), numbered(2)])
    with pytest.raises(TooLargeError, match="push it in parts"):
        place.publisher.push_batches("train", [numbered(1)] * 4)
    assert place.values("train") == [1, 2]


# Waiting


def test_flush_counts_what_the_hub_has_not_answered(place: Place) -> None:
    place.connector = Nowhere(UnreachableError("it is down"))
    place.publisher.push("a", [{"n": 1}, {"n": 2}])
    place.publisher.push("b", n=3)
    assert place.publisher.flush(SOON_S) == 3
    statistics = place.publisher.statistics()
    assert (statistics.state, statistics.reason, statistics.address) == ("waiting", "it is down", "nowhere")
    place.connector = place.hub
    place.publisher.reconnect()
    assert place.values("a") == [1, 2]
    assert place.publisher.statistics().state == "connected"


def test_flush_waits_for_no_hub_that_refuses_the_caller(place: Place) -> None:
    place.connector = Nowhere(NotLoggedInError("who are you?"))
    place.publisher.push("train", n=1)
    assert place.publisher.flush(3600) == 1
    assert place.publisher.settle(3600) == 1
    assert place.publisher.statistics().reason == "who are you?"


def test_flush_ends_while_others_go_on_pushing(place: Place) -> None:
    is_over = threading.Event()

    def push() -> None:
        number = 0
        while not is_over.is_set():
            place.publisher.push("others", n=number)
            number += 1
            time.sleep(PAUSE_S)

    pushing = [threading.Thread(target=push) for _ in range(2)]
    for thread in pushing:
        thread.start()
    for number in range(20):
        place.publisher.push("mine", n=number)
        assert place.publisher.flush(LIMIT_S) == 0
        assert place.hub.state("mine").offset == number + 1
    assert place.publisher.settle(LIMIT_S) == 0
    is_over.set()
    for thread in pushing:
        thread.join(LIMIT_S)


def test_nothing_is_waited_for_before_the_first_record_and_on_the_background_thread(place: Place) -> None:
    assert (place.publisher.flush(3600), place.publisher.settle(3600)) == (0, 0)
    place.publisher.reconnect()
    place.publisher.close()

    def push_and_flush() -> int:
        place.publisher.push("train", n=1)
        return place.publisher.flush(3600)

    assert place.thread.call(push_and_flush) == 1  # it can't wait for itself
    assert place.values("train") == [1]


def test_room_moves_to_a_hub_that_is_named_later_with_what_was_acknowledged(place: Place) -> None:
    place.publisher.push("train", [{"n": 1}, {"n": 2}])
    assert place.values("train") == [1, 2]
    epoch = place.hub.state("train").epoch
    place.hub = place.connector = EmbeddedHub(place.thread)
    place.publisher.reconnect()
    place.publisher.push("train", n=3)
    assert place.publisher.settle(LIMIT_S) == 0
    assert place.values("train") == [1, 2, 3]
    assert place.hub.state("train").epoch == epoch


# Threads and ends


def test_threads_push_into_one_room_each_in_its_own_order(place: Place) -> None:
    def push(who: int) -> None:
        for number in range(2000):
            place.publisher.push("train", n=number, who=who)

    threads = [threading.Thread(target=push, args=(who,)) for who in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    pairs = list(zip(place.values("train", "who"), place.values("train"), strict=True))
    for who in range(5):
        assert [number for author, number in pairs if author == who] == list(range(2000))


def test_first_record_of_a_process_is_told_once_and_late_ones_each(place: Place) -> None:
    place.publisher.push("train", n=1)
    place.publisher.push("train", n=2)
    assert place.calls == ["start"]
    assert place.publisher.end(LIMIT_S) == 0
    place.publisher.push("train", n=3)
    place.publisher.push("train", [{"n": 4}, {"n": 5}])
    assert place.calls == ["start", "late", "late"]
    assert place.values("train") == [1, 2, 3, 4, 5]


def test_push_that_finds_no_thread_raises_nothing_and_the_next_one_brings_both(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        place.publisher.push("train", n=1)
    place.publisher.push("train", n=2)
    assert place.values("train") == [1, 2]


def test_quiet_publisher_sleeps_and_the_next_record_wakes_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PUBLISHER_IDLE_S", 0.0)
    for number in range(3):
        place.publisher.push("train", n=number)
        assert place.values("train") == list(range(number + 1))
        wait_until(lambda: place.publisher._intake.is_parked, LIMIT_S, "the sender sleeps")


def test_statistics_count_a_record_from_its_push_on(place: Place) -> None:
    assert place.publisher.statistics().state == "idle"
    place.connector = Nowhere(UnreachableError("it is down"))

    def counts() -> tuple[int, int, int]:
        (room,) = place.publisher.statistics().rooms
        return room.pushed, room.waiting, room.acknowledged

    place.publisher.push("train", n=1)
    place.publisher.push_batches("train", [numbered(2, 3)])
    assert counts() == (3, 3, 0)
    place.connector = place.hub
    place.publisher.reconnect()
    assert place.publisher.flush(LIMIT_S) == 0
    assert counts() == (3, 0, 3)
