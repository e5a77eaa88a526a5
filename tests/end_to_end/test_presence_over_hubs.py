"""Two servers on one Redis show one list of who is there, and a viewer that moves from one to the other is no news."""

from __future__ import annotations

import contextlib
import json
import threading
import urllib.parse
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from livedash import limits
from tests.brokers.redis_server import Flavour, RedisServer
from tests.end_to_end.hosts import Host
from tests.end_to_end.processes import wait_until
from tests.end_to_end.serve import ServeProcess

LIMIT_S = 20.0
Servers = tuple[ServeProcess, ServeProcess]


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with (
        RedisServer(tmp_path / "redis", flavour=Flavour.REDIS) as redis,
        ServeProcess(tmp_path / "one", arguments=["--broker", redis.url]) as one,
        ServeProcess(tmp_path / "other", arguments=["--broker", redis.url]) as other,
    ):
        yield one, other


def host(server: ServeProcess) -> Host:
    return Host(server.url, server.token)


@contextlib.contextmanager
def reading(server: ServeProcess, *, presence: bool = False, **query: str) -> Iterator[ClientConnection]:
    """A WebSocket that reads the room."""
    at = f"{host(server).websocket_url}?{urllib.parse.urlencode(query)}"
    headers = {} if "key" in query else host(server).login
    with connect(at, additional_headers=headers) as socket:
        socket.send(json.dumps({"op": "subscribe", "room": "train", "presence": presence}))
        yield socket


def ids_at(server: ServeProcess) -> list[str]:
    status, told = host(server).ask("GET", "rooms/train/presence")
    assert status == 200
    return [viewer["id"] for viewer in told["viewers"]]


@contextlib.contextmanager
def watching(server: ServeProcess) -> Iterator[list[tuple[str, str]]]:
    """What a reader is told of others, as it comes: `joined` or `left`, and whose id."""
    told: list[tuple[str, str]] = []

    def read() -> None:
        for text in socket:
            message: dict[str, Any] = json.loads(text)
            if message["op"] in ("joined", "left"):
                told.append((message["op"], message["viewer"]["id"]))

    with reading(server, presence=True) as socket:
        thread = threading.Thread(target=read)
        thread.start()
        yield told
    thread.join()


def test_viewers_of_both_are_listed_at_both_and_counted_by_link_and_room(servers: Servers) -> None:
    one, other = servers
    host(one).publish("train", {"n": 1})
    link = host(one).share("train")
    wait_until(lambda: host(other).ask("GET", f"rooms?key={link['key']}", login=False)[0] == 200, LIMIT_S, "it opens")
    with reading(one), reading(other, key=link["key"]):
        wait_until(lambda: sorted(ids_at(one)) == sorted(ids_at(other)) and len(ids_at(one)) == 2, LIMIT_S, "both")
        for server in servers:
            _, told = host(server).ask("GET", "links")
            links = told if isinstance(told, list) else told["links"]
            assert [each["viewers"] for each in links] == [1]
            assert host(server).ask("GET", "rooms/train")[1]["viewers"] == 2
    for server in servers:
        wait_until(partial(is_empty, server), LIMIT_S, "nobody is there")


def is_empty(server: ServeProcess) -> bool:
    return ids_at(server) == []


def test_a_viewer_that_moves_to_the_other_server_is_told_neither_as_left_nor_as_joined(servers: Servers) -> None:
    with watching(servers[0]) as at_one, watching(servers[1]) as at_other:
        wait_until(lambda: all(len(ids_at(server)) == 2 for server in servers), LIMIT_S, "both watch")
        before = {viewer for server in servers for viewer in ids_at(server)}
        for server in (servers[0], servers[1], servers[0]):
            with reading(server, viewer="a-secret-of-mine"):
                wait_until(lambda: all(len(ids_at(each)) == 3 for each in servers), LIMIT_S, "it is seen")
                (mine,) = set(ids_at(servers[0])) - before
        end = ("left", mine)
        wait_until(lambda: end in at_one and end in at_other, LIMIT_S + limits.PRESENCE_GRACE_S, "it has left")
        for told in (at_one, at_other):
            assert [each for each in told if each[1] == mine] == [("joined", mine), end]


def test_viewers_of_a_server_that_was_killed_have_left(servers: Servers) -> None:
    one, other = servers
    with watching(one) as told, reading(other):
        wait_until(lambda: len(ids_at(one)) == 2 and len(told) == 1, LIMIT_S, "both are there")
        ((_, reader),) = told
        other.kill()
        wait_until(lambda: ("left", reader) in told, LIMIT_S + limits.BROKER_BEAT_TTL_S, "it has left")
        assert len(ids_at(one)) == 1
