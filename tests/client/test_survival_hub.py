"""The hub is killed and started again under its publishers and readers: nothing is lost or doubled without a word."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client.outside import Outside
from tests.client.strict_reader import StrictReader
from tests.end_to_end.processes import Running, wait_until
from tests.end_to_end.serve import ServeProcess

LIMIT_S = 60.0
ROOM = "hub.one"
PUSH = """
    import time
    import livedash as ld
    for n in range({count}):
        ld.push("hub.one", who={who}, n=n)
        time.sleep(0.001)
"""


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[ServeProcess]:
    """A hub that the test kills."""
    with ServeProcess(tmp_path / "serve") as process:
        yield process


@contextlib.contextmanager
def publishers(outside: Outside, count: int, records: int) -> Iterator[list[Running]]:
    with contextlib.ExitStack() as stack:
        scripts = [outside.start(PUSH.format(who=who, count=records)) for who in range(count)]
        for script in scripts:
            stack.callback(script.end)
        yield scripts


def wait_for_offset(outside: Outside, least: int) -> None:
    wait_until(lambda: offset(outside) >= least, LIMIT_S, f"{least} records are in the room")


def offset(outside: Outside) -> int:
    status, room = outside.host.ask("GET", f"rooms/{ROOM}")
    return int(room["offset"]) if status == 200 else 0


def epoch(outside: Outside) -> str:
    return str(outside.host.ask("GET", f"rooms/{ROOM}")[1]["epoch"])


def restart(serve: ServeProcess) -> None:
    serve.kill()
    serve.start()


def wait_for_ends(scripts: Iterable[Running]) -> None:
    for script in scripts:
        assert script.process.wait(LIMIT_S) == 0
        assert script.log() == ""  # nothing was lost that its publisher knows of


def by_publisher(records: Iterable[dict[str, Any]]) -> dict[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for record in records:
        found[record["who"]].append(record["n"])
    return found


def test_many_publishers_of_a_room_keep_each_its_order_over_restarts_that_readers_are_told_of(
    serve: ServeProcess, outside: Outside
) -> None:
    count, records, epochs = 10, 4000, []
    with StrictReader(outside.host, ROOM) as reader, publishers(outside, count, records) as scripts:
        for _ in range(2):
            wait_for_offset(outside, count * records // 5)
            epochs.append(epoch(outside))
            restart(serve)
        wait_for_ends(scripts)
        epochs.append(epoch(outside))
        wait_until(lambda: reader.position == (epochs[-1], offset(outside)), LIMIT_S, "the reader has all")
    assert reader.wrong == []
    assert len(set(epochs)) == 3  # no publisher was alone, so that none could give the room back
    assert len(reader.gaps) == 2
    assert set(reader.gaps) <= {"epoch", "restarted"}
    stored = outside.records(ROOM)
    assert reader.held == stored
    for who, numbers in by_publisher(stored).items():
        assert numbers == list(range(numbers[0], records)), who  # once, in order, and to the last
    for live in reader.live.values():
        for who, numbers in by_publisher(live).items():
            assert numbers == list(range(numbers[0], numbers[-1] + 1)), who


def test_only_publisher_of_a_room_gives_it_back_and_its_readers_miss_nothing(
    serve: ServeProcess, outside: Outside
) -> None:
    records = 4000
    with StrictReader(outside.host, ROOM) as reader, publishers(outside, 1, records) as scripts:
        wait_for_offset(outside, 1)
        begun = epoch(outside)
        for part in (1, 2):
            wait_for_offset(outside, part * records // 4)
            restart(serve)
        wait_for_ends(scripts)
        wait_until(lambda: reader.position == (begun, records), LIMIT_S, "the reader has all")
    assert (reader.wrong, reader.gaps) == ([], [])
    assert [record["n"] for record in reader.held] == list(range(records))
    assert outside.values(ROOM) == list(range(records))


def test_publisher_that_is_joined_by_another_does_not_give_the_room_back(serve: ServeProcess, outside: Outside) -> None:
    records = 3000
    with StrictReader(outside.host, ROOM) as reader, publishers(outside, 1, records) as scripts:
        wait_for_offset(outside, records // 4)
        begun = epoch(outside)
        outside.host.publish(ROOM, {"who": -1, "n": 0})  # acknowledged, and seen by readers
        wait_until(lambda: {"who": -1, "n": 0} in reader.held, LIMIT_S, "the reader has it")
        restart(serve)
        wait_for_ends(scripts)
        wait_until(lambda: reader.position == (epoch(outside), offset(outside)), LIMIT_S, "the reader has all")
    assert epoch(outside) != begun
    assert reader.wrong == []
    assert len(reader.gaps) == 1
    assert reader.held == outside.records(ROOM)
    numbers = outside.values(ROOM)
    assert numbers == list(range(numbers[0], records))


def test_room_that_is_cleared_is_not_given_back_to_the_next_hub(serve: ServeProcess, outside: Outside) -> None:
    script = outside.start(
        f"""
        import sys
        import livedash as ld
        ld.push("{ROOM}", [{{"who": 0, "n": n}} for n in range(100)])
        ld.flush(20)
        print("there", flush=True)
        while ld.status().rooms[0].acknowledged < 100 or ld.status().buffered_bytes:
            pass                         # it lets go of what it kept when it hears of the clear
        print("let go", flush=True)
        while ld.status().state == "connected":
            pass
        ld.push("{ROOM}", who=0, n=100)
        """
    )
    try:
        script.wait_until(lambda: "there" in script.log(), LIMIT_S, "the hub has the records")
        assert outside.host.ask("POST", f"rooms/{ROOM}/clear", {})[0] == 200
        script.wait_until(lambda: "let go" in script.log(), LIMIT_S, "the publisher hears of it")
        restart(serve)
        assert script.process.wait(LIMIT_S) == 0
    finally:
        script.end()
    assert outside.values(ROOM) == [100]
