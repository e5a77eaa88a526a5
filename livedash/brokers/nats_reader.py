"""Messages of one stream in order, from a place on: those that are there, and those that come."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final

from livedash import limits
from livedash.brokers.contract import StaleError
from livedash.brokers.nats_connection import Messages, NatsConnection, status_of

_AT_ONCE: Final = 64  # messages, of a megabyte at most
_IDLE_S: Final = 30.0  # a reader that asks for nothing is forgotten by the server
_NANOSECONDS: Final = 1_000_000_000
_NOTHING: Final = ("404", "408")
_STILL_THERE: Final = "100"
_NOBODY: Final = "503"
_TRIES: Final = 10
_SHORT_PLACE: Final = 9  # words of a message's place, as servers without a domain write it


@dataclass(frozen=True, slots=True)
class Stored:
    """`left`: how many follow it now."""

    subject: str
    number: int
    data: bytes
    is_mark: bool
    left: int


class StreamReader:
    """Over one connection; the server forgets it soon after that has ended."""

    def __init__(self, connection: NatsConnection, consumer: str, reply: str, messages: Messages, left: int) -> None:
        self._connection = connection
        self._consumer = consumer
        self._reply = reply
        self._messages = messages
        self._left = left
        self._asked = 0

    @classmethod
    async def open(
        cls,
        connection: NatsConnection,
        stream: str,
        *,
        after: int = 0,
        subjects: str = ">",
        headers_only: bool = False,
    ) -> StreamReader:
        """Raises NoStreamError."""
        config = {
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": after + 1,
            "filter_subject": subjects,
            "headers_only": headers_only,
            "ack_policy": "none",
            "inactive_threshold": round(_IDLE_S * _NANOSECONDS),
            "mem_storage": True,
            "num_replicas": 1,
        }
        made = await connection.manage(f"CONSUMER.CREATE.{stream}", stream_name=stream, config=config)
        reply, messages = await connection.listen()
        return cls(connection, f"{stream}.{made['name']}", reply, messages, int(made["num_pending"]))

    async def close(self) -> None:
        await self._connection.forget(self._reply)

    async def read(self, wait_s: float) -> list[Stored]:
        """What there is; waits so long for the first. Raises StaleError where the stream is there no more."""
        found: list[Stored] = []
        unheard = 0
        while not found or not self._messages.empty():
            if not self._asked:
                if found:
                    break
                await self._ask(wait_s)
            message = await self._connection.next(self._messages, limits.BROKER_SILENCE_S)
            status = status_of(message)
            if status is None or message.reply:
                self._asked -= 1
                found.append(_stored(message))
            elif status == _STILL_THERE:
                continue
            elif status == _NOBODY and unheard < _TRIES:
                unheard += 1
                self._asked = 0
                await asyncio.sleep(limits.BROKER_BEHIND_S)  # a node hears of another one's reader a moment later
                await self._ask(wait_s)
            elif status in _NOTHING:
                self._asked = 0
                break
            else:
                raise StaleError(f"the log is read no further: {message.headers.get('Description')}")
        if found:
            self._left = found[-1].left
        return found

    async def read_all(self) -> list[Stored]:
        """Until none is left: what was stored together is there as a whole then."""
        found: list[Stored] = []
        while self._left:
            while self._left and (some := await self.read(limits.BROKER_ANSWER_S)):
                found += some
            self._left = int((await self._connection.manage(f"CONSUMER.INFO.{self._consumer}"))["num_pending"])
        return found

    async def _ask(self, wait_s: float) -> None:
        wanted = {
            "batch": _AT_ONCE,
            "expires": round(wait_s * _NANOSECONDS),
            "idle_heartbeat": round(limits.BROKER_HEARTBEAT_S * _NANOSECONDS),
        }
        await self._connection.send(
            f"$JS.API.CONSUMER.MSG.NEXT.{self._consumer}", json.dumps(wanted).encode(), reply=self._reply
        )
        self._asked = _AT_ONCE


def _stored(message: Any) -> Stored:
    """Its place stands in the subject of an acknowledgement: $JS.ACK.stream.consumer.times.number.count.time.left, or with
    domain and account before the stream.
    """
    words = message.reply.split(".")
    number, left = (words[5], words[8]) if len(words) == _SHORT_PLACE else (words[7], words[10])
    is_mark = bool(message.headers) and "Nats-TTL" in message.headers
    return Stored(message.subject, int(number), message.data, is_mark, int(left))
