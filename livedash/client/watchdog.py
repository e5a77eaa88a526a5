"""Judges a hub's channel by its silence: a socket that died without a word, or a hub that hangs, raises no error.

Silence counts only while somebody waits for a message, and only after the hub was asked for an answer: a reader that
pauses, a process that was stopped or a machine that slept does not take its own absence for the hub's.
"""

from __future__ import annotations

import asyncio
import enum
from typing import Final

from livedash import limits
from livedash.client.contract import Channel, Connector
from livedash.wire.codec import MSGPACK
from livedash.wire.messages import Ping

_PING: Final = MSGPACK.encode_from_client(Ping())
_GROWTH: Final = 2.0
_LATE_S: Final = 1.0  # a look that comes so much after its time: this process was not running


class Patience:
    """How long a hub may take to answer; one for all connections of their owner. It grows with each that did not
    answer, since a slow line that carries a large message looks like a dead one until it is given the time.
    """

    __slots__ = ("answer_s",)

    def __init__(self) -> None:
        self.answer_s = limits.ANSWER_S

    def lost(self, lived_s: float) -> None:
        """A connection of this age has not answered."""
        is_settled = lived_s >= limits.SETTLED_S
        self.answer_s = limits.ANSWER_S if is_settled else min(limits.ANSWER_MAX_S, self.answer_s * _GROWTH)


class Verdict(enum.Enum):
    WAIT = enum.auto()
    ASK = enum.auto()
    DEAD = enum.auto()


class Watchdog:
    """The rules, without a timer: `due_s` says when to look again."""

    __slots__ = ("_answer_s", "_asked_s", "_is_waiting", "_since_s", "due_s")

    def __init__(self, now_s: float, answer_s: float) -> None:
        self._answer_s = answer_s
        self._is_waiting = False
        self._since_s = now_s
        self._asked_s: float | None = None
        self.due_s = now_s + limits.SILENCE_S

    def waits(self, now_s: float) -> None:
        """Somebody waits for the next message from now on."""
        self._is_waiting = True
        self._since_s = now_s
        self._asked_s = None

    def heard(self) -> None:
        """It has come, and nobody waits for more yet."""
        self._is_waiting = False

    def look(self, now_s: float) -> Verdict:
        is_late = now_s > self.due_s + _LATE_S
        if not self._is_waiting:
            self.due_s = now_s + limits.SILENCE_S
        elif self._asked_s is not None and not is_late:
            if now_s >= self._asked_s + self._answer_s:
                return Verdict.DEAD
            self.due_s = self._asked_s + self._answer_s
        elif now_s >= self._since_s + limits.SILENCE_S:
            self._asked_s = now_s
            self.due_s = now_s + self._answer_s
            return Verdict.ASK
        else:
            self.due_s = self._since_s + limits.SILENCE_S
        return Verdict.WAIT


class WatchedChannel:
    """Closes the channel that it stands for when its hub is dead; then `receive` gives None, as for any other end."""

    def __init__(self, channel: Channel, patience: Patience) -> None:
        self._channel = channel
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._begun_s = self._loop.time()
        self._dog = Watchdog(self._begun_s, patience.answer_s)
        self._timer = self._loop.call_at(self._dog.due_s, self._look)

    @property
    def close_code(self) -> int | None:
        return self._channel.close_code

    def send(self, data: bytes) -> None:
        self._channel.send(data)

    async def receive(self) -> bytes | None:
        self._dog.waits(self._loop.time())
        data = await self._channel.receive()
        self._dog.heard()
        return data

    def close(self) -> None:
        self._timer.cancel()
        self._channel.close()

    def abandon(self) -> None:
        self._channel.abandon()

    def _look(self) -> None:
        now_s = self._loop.time()
        match self._dog.look(now_s):
            case Verdict.DEAD:
                self._patience.lost(now_s - self._begun_s)
                self.close()
                return
            case Verdict.ASK:
                self._channel.send(_PING)
            case Verdict.WAIT:
                pass
        self._timer = self._loop.call_at(self._dog.due_s, self._look)


async def connect(connector: Connector, patience: Patience) -> Channel:
    """As `connector.connect`; a hub in another process is watched."""
    channel = await connector.connect()
    return channel if connector.transport == "in-process" else WatchedChannel(channel, patience)
