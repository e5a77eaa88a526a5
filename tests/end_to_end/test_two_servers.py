"""Two servers on one Redis are one hub: what comes to one is read at the other, links too, and faults lose nothing."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.brokers.redis_server import Flavour, Persistence, RedisServer
from tests.brokers.servers import Data
from tests.client.strict_reader import StrictReader
from tests.end_to_end.hosts import Host
from tests.end_to_end.panels import wait_until_painted
from tests.end_to_end.processes import running, wait_until
from tests.end_to_end.serve import ServeProcess
from tests.end_to_end.tcp_proxy import TcpProxy

RECORDS = 1500
RATE_HZ = 250
CATCH_UP_LIMIT_S = 60.0
READER_LIMIT_S = 10.0
PUSH = f"""import sys, time
import livedash as ld
start = time.perf_counter()
for n in range({RECORDS}):
    time.sleep(max(0, start + n / {RATE_HZ} - time.perf_counter()))
    ld.push('train', who=sys.argv[1], n=n)
"""


@dataclass(frozen=True, slots=True)
class Team:
    """`line` lies between `other` and the broker."""

    redis: RedisServer
    line: TcpProxy
    one: ServeProcess
    other: ServeProcess

    @property
    def hubs(self) -> tuple[ServeProcess, ServeProcess]:
        return self.one, self.other


@pytest.fixture
def team(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Team]:
    persistence = getattr(request, "param", Persistence.AOF)
    with (
        RedisServer(tmp_path / "redis", flavour=Flavour.REDIS, persistence=persistence) as redis,
        TcpProxy(redis.port) as line,
        ServeProcess(tmp_path / "one", arguments=["--broker", redis.url]) as one,
        ServeProcess(tmp_path / "other", arguments=["--broker", f"redis://127.0.0.1:{line.port}/0"]) as other,
    ):
        yield Team(redis, line, one, other)


def host(hub: ServeProcess) -> Host:
    return Host(hub.url, hub.token)


def ask(hub: ServeProcess, method: str, path: str, body: object = None) -> Any:
    status, answer = host(hub).ask(method, path, body)
    assert status < 300, answer
    return answer


def offset_at(hub: ServeProcess) -> int:
    status, room = host(hub).ask("GET", "rooms/train")
    return int(room["offset"]) if status == 200 else 0


def test_records_of_one_server_are_read_at_the_other_by_every_transport(team: Team, page: Page) -> None:
    position = host(team.one).publish("train", {"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25})
    wait_until(lambda: offset_at(team.other) == 2, CATCH_UP_LIMIT_S, "the other has them")
    state = ask(team.other, "GET", "rooms/train")
    assert {name: state[name] for name in position} == position
    polled = ask(team.other, "GET", "poll?room=train&since=earliest&timeout=0")
    assert polled["records"] == {"train": [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}]}
    page.goto(f"{team.other.url}view?room=train&key={team.other.token}")
    wait_until_painted(page, "train", 2)
    host(team.one).publish("train", {"step": 3, "loss": 0.125})
    wait_until_painted(page, "train", 3)


def test_a_cursor_of_one_server_is_good_at_the_other(team: Team) -> None:
    host(team.one).publish("train", {"n": 1})
    first = ask(team.one, "GET", "poll?room=train&since=earliest&timeout=0")
    host(team.other).publish("train", {"n": 2})
    second = ask(team.other, "GET", f"poll?room=train&cursor={first['cursor']}&timeout=5")
    third = ask(team.one, "GET", f"poll?room=train&cursor={second['cursor']}&timeout=0")
    assert (second["records"], second["gaps"], third["records"]) == ({"train": [{"n": 2}]}, {}, {})


def test_links_open_at_both_servers_and_are_revoked_at_both(team: Team) -> None:
    host(team.one).publish("train", {"n": 1})
    link = host(team.one).share("train")
    feed = f"feed?key={link['key']}"
    wait_until(lambda: host(team.other).ask("GET", f"rooms?key={link['key']}", login=False)[0] == 200, 5.0, "it opens")
    with urllib.request.urlopen(team.other.url + feed, timeout=READER_LIMIT_S) as stream:
        assert stream.readline().startswith(b"retry:") or stream.status == 200
        ask(team.one, "DELETE", f"links/{link['id']}")
        said = stream.read().decode()  # up to its end
    assert "livedash.bye" in said
    assert json.loads(said.rpartition("data: ")[2].splitlines()[0])["reason"] == "revoked"
    assert host(team.other).ask("GET", f"rooms?key={link['key']}", login=False)[0] == 404


FAULTS = {
    "broker-killed": Persistence.AOF,
    "broker-emptied": Persistence.AOF,
    "broker-from-an-old-dump": Persistence.RDB,
    "broker-stopped": Persistence.AOF,
    "line-cut": Persistence.AOF,
    "hub-killed": Persistence.AOF,
}


@pytest.mark.parametrize(("fault", "team"), FAULTS.items(), ids=FAULTS, indirect=["team"])
def test_a_fault_while_both_servers_take_records_loses_none_and_doubles_none(
    team: Team, fault: str, tmp_path: Path
) -> None:
    readers = [StrictReader(host(hub), "train") for hub in team.hubs]
    script = tmp_path / "push.py"
    script.write_text(PUSH)
    with contextlib.ExitStack() as stack:
        for reader in readers:
            stack.enter_context(reader)
        scripts = [
            stack.enter_context(
                running(
                    [sys.executable, str(script), name],
                    log_path=tmp_path / f"{name}.log",
                    folder=tmp_path,
                    extra=hub.environment,
                )
            )
            for name, hub in zip(("a", "b"), team.hubs, strict=True)
        ]
        wait_until(lambda: offset_at(team.one) > RATE_HZ, CATCH_UP_LIMIT_S, "they push")
        cause(team, fault)
        wait_until(lambda: all(each.process.poll() is not None for each in scripts), CATCH_UP_LIMIT_S, "all is pushed")
        wait_until(lambda: min(map(offset_at, team.hubs)) >= 2 * RECORDS, CATCH_UP_LIMIT_S, "every record is there")
        wait_until(lambda: all(map(is_complete, readers)), CATCH_UP_LIMIT_S, "every reader has them")
    expected = Counter((who, n) for who in "ab" for n in range(RECORDS))
    for hub in team.hubs:
        held = ask(hub, "GET", "rooms/train/records?limit=1000000")
        assert Counter((record["who"], record["n"]) for record in held) == expected
        for who in "ab":
            assert [record["n"] for record in held if record["who"] == who] == list(range(RECORDS))
    for reader in readers:
        assert (reader.wrong, reader.gaps) == (
            [],
            [],
        )  # each record once, at the offset that follows, and nothing missed
        assert Counter((record["who"], record["n"]) for record in reader.held) == expected


def is_complete(reader: StrictReader) -> bool:
    """Has read the last record of each publisher."""
    return {record["who"] for record in tuple(reader.held) if record["n"] == RECORDS - 1} == {"a", "b"}


def cause(team: Team, fault: str) -> None:
    match fault:
        case "broker-killed":
            team.redis.restart(Data.KEEP)
        case "broker-emptied":
            team.redis.restart(Data.EMPTY)
        case "broker-from-an-old-dump":
            dump = team.redis.dump()
            before = offset_at(team.one)
            wait_until(lambda: offset_at(team.one) > before + RATE_HZ, CATCH_UP_LIMIT_S, "more than the dump holds")
            team.redis.restart(dump)
        case "broker-stopped":
            team.redis.pause()
            threading.Event().wait(4)
            team.redis.resume()
        case "line-cut":
            team.line.cut()
            threading.Event().wait(3)
            team.line.resume()
        case "hub-killed":
            team.other.kill()
            team.other.start()
