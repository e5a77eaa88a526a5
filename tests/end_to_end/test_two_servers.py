"""Two servers on one Redis are one hub: what comes to one is read at the other, links too, and faults lose nothing."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.brokers.redis_server import Flavour, Persistence, RedisServer
from tests.end_to_end.hosts import Host
from tests.end_to_end.panels import wait_until_painted
from tests.end_to_end.processes import wait_until
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
