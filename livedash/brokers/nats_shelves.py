"""A generation's shelves in a NATS stream: each field is a subject, whose last message is its value.

A value that is larger than a message has its further parts beside it. A field that goes leaves a mark, which the server takes
away after a while.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator, Mapping
from typing import Final

from livedash import limits
from livedash.brokers.contract import BrokerLostError, Shelf
from livedash.brokers.nats_connection import Message, NatsConnection
from livedash.brokers.nats_reader import Stored, StreamReader

_COUNT_BYTES: Final = 4  # before a value: how many parts it has
_GONE: Final[Mapping[str, str]] = {"Nats-TTL": "1h"}  # longer than any hub takes to read the shelves
_NO_HEADERS: Final[Mapping[str, str]] = {}
_TOGETHER: Final = 1000  # messages that a server stores at once
_FIELD_WORDS: Final = 2
_TRIES: Final = 10


def word_of(name: str) -> str:
    """A name as a part of a subject."""
    return "-" + base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def name_of(word: str) -> str:
    return base64.urlsafe_b64decode(word[1:] + "=" * (-(len(word) - 1) % 4)).decode()


class NatsShelves:
    """All methods raise NoStreamError."""

    def __init__(self, connection: NatsConnection, stream: str, root: str) -> None:
        self._connection = connection
        self._stream = stream
        self._root = root

    async def load(self) -> dict[str, Shelf]:
        return self._shelves_of(await self._read(">"))

    async def get(self, shelf: str) -> Shelf:
        return self._shelves_of(await self._read(f"{self._root}.{word_of(shelf)}.>")).get(shelf, {})

    async def fields(self, shelf: str) -> list[str]:
        heads = await self._read(f"{self._root}.{word_of(shelf)}.*", headers_only=True)
        last = {head.subject: head for head in heads}
        return [name_of(self._words(head)[1]) for head in last.values() if not head.is_mark]

    async def put(self, shelf: str, changes: Mapping[str, bytes | None]) -> None:
        messages: list[Message] = []
        counts: dict[str, int] = {}  # of messages, by field
        root = f"{self._root}.{word_of(shelf)}"
        for field, data in sorted(changes.items(), key=lambda change: change[1] is not None):
            subject = f"{root}.{word_of(field)}"
            some = [(subject, b"", _GONE)] if data is None else list(self._messages_of(subject, data))
            messages += some
            counts[subject] = len(some)
        for start in range(0, len(messages), _TOGETHER):
            await self._connection.store_all(messages[start : start + _TOGETHER])
        info = await self._connection.manage(f"STREAM.INFO.{self._stream}", subjects_filter=f"{root}.*.*")
        for part in info["state"].get("subjects") or ():
            subject, _, number = part.rpartition(".")
            if int(number) >= counts.get(subject, sys.maxsize):
                await self._connection.manage(f"STREAM.PURGE.{self._stream}", filter=part)

    def _messages_of(self, subject: str, data: bytes) -> Iterator[Message]:
        size = self._connection.max_bytes - _COUNT_BYTES
        parts = [data[start : start + size] for start in range(0, len(data), size)] or [b""]
        for number, part in reversed(list(enumerate(parts))):
            if number:
                yield f"{subject}.{number}", part, _NO_HEADERS
            else:
                yield subject, len(parts).to_bytes(_COUNT_BYTES, "big") + part, _NO_HEADERS

    async def _read(self, subjects: str, *, headers_only: bool = False) -> list[Stored]:
        """In a cluster a node may read for us that does not have yet what another one took: so the leader says how far."""
        reader = await StreamReader.open(self._connection, self._stream, subjects=subjects, headers_only=headers_only)
        try:
            found = await reader.read_all()
            for _ in range(_TRIES):
                last = await self._connection.stored(self._stream, last_by_subj=subjects)
                if last is None or (found and found[-1].number >= last[0]):
                    return found
                found += await reader.read(2 * limits.BROKER_HEARTBEAT_S)
        finally:
            await reader.close()
        raise BrokerLostError("a node of the cluster does not get what the others have")

    def _shelves_of(self, messages: list[Stored]) -> dict[str, Shelf]:
        last = {message.subject: message for message in messages}
        shelves: dict[str, dict[str, bytes]] = {}
        for subject, message in last.items():
            words = self._words(message)
            if len(words) == _FIELD_WORDS and not message.is_mark:
                count = int.from_bytes(message.data[:_COUNT_BYTES], "big")
                more = [last.get(f"{subject}.{number}") for number in range(1, count)]
                if None in more:
                    raise BrokerLostError(f"a part of {subject} is gone")
                value = b"".join([message.data[_COUNT_BYTES:], *(part.data for part in more if part)])
                shelves.setdefault(name_of(words[0]), {})[name_of(words[1])] = value
        return dict(shelves)

    def _words(self, message: Stored) -> list[str]:
        """Shelf, field, and the number of a part."""
        return message.subject.removeprefix(f"{self._root}.").split(".")
