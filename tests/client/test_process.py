from __future__ import annotations

import threading

import pytest

from livedash.client import process as module
from livedash.client.endpoint import Endpoint
from livedash.client.process import Process

LIMIT_S = 20.0
ONE = Endpoint("http://one/livedash/")
OTHER = Endpoint("http://other/livedash/")


class Surroundings:
    """What discovery finds; a test may change it, and stop it in its search."""

    def __init__(self) -> None:
        self.found: Endpoint | None = None
        self.searches = 0
        self.may_end = threading.Event()
        self.may_end.set()
        self.has_begun = threading.Event()

    def find_endpoint(self) -> Endpoint | None:
        self.searches += 1
        self.has_begun.set()
        assert self.may_end.wait(LIMIT_S)
        return self.found


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> Surroundings:
    made = Surroundings()
    monkeypatch.setattr(module, "find_endpoint", made.find_endpoint)
    return made


@pytest.fixture
def process(around: Surroundings) -> Process:
    return Process()


def test_hub_is_looked_for_when_it_is_first_needed_and_then_known(process: Process, around: Surroundings) -> None:
    around.found = ONE
    assert around.searches == 0
    assert process.hub().endpoint == ONE
    assert process.hub() is process.hub()
    assert around.searches == 1
    assert process.embedded() is None


def test_process_that_finds_none_has_its_own_and_stays_with_it(process: Process, around: Surroundings) -> None:
    hub = process.hub()
    assert hub.endpoint is None
    assert not hub.is_jupyter
    assert process.embedded() is hub.access is hub.connector
    around.found = ONE  # it holds records by now
    assert process._look() is hub


def test_lost_connection_makes_it_look_again_and_what_answers_no_more_is_still_its_hub(
    process: Process, around: Surroundings
) -> None:
    around.found = ONE
    first = process.hub()
    assert process._look() is first  # found again
    around.found = None
    assert process._look() is first  # it may come back
    around.found = OTHER
    assert process._look().endpoint == OTHER


def test_named_hub_is_used_from_now_on_and_nothing_is_looked_for(process: Process, around: Surroundings) -> None:
    own = process.hub()
    process.use(ONE)
    assert process.hub().endpoint == ONE
    assert process._look().endpoint == ONE
    assert around.searches == 1
    process.use(None)
    assert process.hub().access is own.access  # with its records


def test_hub_that_has_ended_is_left_unless_another_one_was_named_meanwhile(
    process: Process, around: Surroundings
) -> None:
    process.use(ONE)
    process.leave(OTHER)
    assert process.hub().endpoint == ONE
    process.leave(ONE)
    assert process.hub().endpoint is None


def test_hub_that_is_named_during_a_search_is_not_replaced_by_what_the_search_finds(
    process: Process, around: Surroundings
) -> None:
    around.found = OTHER
    around.may_end.clear()
    results: list[object] = []
    searching = threading.Thread(target=lambda: results.append(process._look().endpoint))
    searching.start()
    assert around.has_begun.wait(LIMIT_S)
    process.use(ONE)  # nobody waits for the search
    assert process.hub().endpoint == ONE
    around.may_end.set()
    searching.join(LIMIT_S)
    assert results == [ONE]
    assert process.hub().endpoint == ONE


def test_threads_that_need_the_hub_at_once_get_the_same_one(process: Process) -> None:
    results: list[int] = []
    users = [threading.Thread(target=lambda: results.append(id(process.hub().access))) for _ in range(20)]
    for user in users:
        user.start()
    for user in users:
        user.join(LIMIT_S)
    assert len(results) == 20
    assert len(set(results)) == 1


def test_forked_child_needs_no_lock_that_a_thread_of_its_parent_holds(process: Process) -> None:
    with process._lock:
        process.begin_child()
        assert process.hub().endpoint is None


def test_end_brings_the_last_records_to_the_hub_and_late_ones_too(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    process.publisher.push("train", n=1)
    process.end()
    process.publisher.push("train", n=2)
    assert process.hub().access.state("train").offset == 2
    assert "1 records end with this process" in capsys.readouterr().err
    process.publisher.close()
