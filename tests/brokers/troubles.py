"""What may befall a broker and the lines of two hubs to it."""

from __future__ import annotations

from typing import Literal, Protocol

from livedash.brokers.contract import Broker
from livedash.testing.broker import MemoryBroker, MemoryServer

Data = Literal["whole", "empty", "from dump"]


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
    async def start(self, data: Data) -> None:
        """Begins after `kill`, with all it had, nothing, or what the last dump holds (before the first: nothing)."""


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

    async def start(self, data: Data) -> None:
        self._server.start({"from dump": self._dump, "empty": MemoryServer().dump()}.get(data))
