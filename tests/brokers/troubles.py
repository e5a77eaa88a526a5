"""What may befall a broker and the lines of two hubs to it."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any, Protocol, Self

from livedash.brokers.contract import Broker
from livedash.brokers.urls import open_broker
from livedash.testing.broker import MemoryBroker, MemoryServer
from tests.brokers.kinds import Started, url_of
from tests.brokers.redis_cluster import RedisCluster
from tests.brokers.servers import Data, Server
from tests.end_to_end.tcp_proxy import TcpProxy


class Trouble(Protocol):
    """A broker that a story can do something to. Hub 0 and hub 1 each have a line to it."""

    def open(self, which: int) -> Broker:
        """For a new hub on that line, as the line is."""

    def cut(self, which: int) -> None: ...
    def mend(self, which: int) -> None: ...
    def lose_answers(self, which: int) -> None:
        """What is asked for by this line is done, and the connection breaks before the answer, until it is mended."""

    @property
    def is_up(self) -> bool: ...
    async def dump(self) -> None: ...
    async def kill(self) -> None: ...
    async def start(self, data: str) -> None:
        """After `kill`. `whole`: with all it had; `empty`; `from dump`: what the last dump holds, before the first nothing."""


class MemoryTrouble:
    def __init__(self) -> None:
        self._server = MemoryServer()
        self._lines = [MemoryBroker(self._server), MemoryBroker(self._server)]
        self._dump = self._server.dump()

    def open(self, which: int) -> Broker:
        before, line = self._lines[which], MemoryBroker(self._server)
        line.is_cut, line.loses_answers = before.is_cut, before.loses_answers
        before.cut()  # its hub is gone
        self._lines[which] = line
        return line

    def cut(self, which: int) -> None:
        self._lines[which].cut()

    def mend(self, which: int) -> None:
        self._lines[which].is_cut = self._lines[which].loses_answers = False

    def lose_answers(self, which: int) -> None:
        self.mend(which)
        self._lines[which].loses_answers = True

    @property
    def is_up(self) -> bool:
        return self._server.is_up

    async def dump(self) -> None:
        self._dump = self._server.dump()

    async def kill(self) -> None:
        self._server.kill()

    async def start(self, data: str) -> None:
        self._server.start({"from dump": self._dump, "empty": MemoryServer().dump()}.get(data))


class ServerTrouble:
    """Of a real server or cluster. Lines to a server are proxies, which are reset for as long as they are cut; the
    nodes of a cluster name their own addresses, so there a cut ends the connections of both hubs, and new ones work.

    To lose answers is to have the connections reset: what was on its way may be done or not.
    """

    def __init__(self, server: Started, prefix: str) -> None:
        self._server = server
        self._prefix = prefix
        self._lines = [] if isinstance(server, RedisCluster) else [TcpProxy(_port(server)), TcpProxy(_port(server))]
        self._dump: Path | None = None
        self.is_up = True

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as entering:
            for line in self._lines:
                entering.enter_context(line)
            self._entered = entering.pop_all()
        return self

    def __exit__(self, *why: Any) -> None:
        self._entered.__exit__(*why)

    def open(self, which: int) -> Broker:
        url = url_of(self._server, self._prefix)
        if self._lines:
            self.lose_answers(which)  # the hub that was there is gone
            url = url.replace(f":{_port(self._server)}", f":{self._lines[which].port}")
        return open_broker(url)

    def cut(self, which: int) -> None:
        if self._lines:
            self._lines[which].cut()
        elif isinstance(self._server, RedisCluster):
            for node in self._server.nodes:
                for kind in ("normal", "pubsub"):
                    node.ask("CLIENT", "KILL", "TYPE", kind)

    def mend(self, which: int) -> None:
        if self._lines:
            self._lines[which].resume()

    def lose_answers(self, which: int) -> None:
        self.cut(which)
        self.mend(which)

    async def dump(self) -> None:
        if isinstance(self._server, Server) and self.is_up:
            self._dump = await asyncio.to_thread(self._server.dump)

    async def kill(self) -> None:
        assert isinstance(self._server, Server)
        self.is_up = False
        await asyncio.to_thread(self._server.kill)

    async def start(self, data: str) -> None:
        assert isinstance(self._server, Server)
        before = Data.EMPTY if data == "empty" or self._dump is None else self._dump
        await asyncio.to_thread(self._server.restart, Data.KEEP if data == "whole" else before)
        self.is_up = True


def _port(server: Started) -> int:
    assert isinstance(server, Server)
    return server.port
