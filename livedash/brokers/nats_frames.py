"""How entries lie in messages of a NATS stream, and how a mark names one of them.

A message holds several entries, or a part of one that is larger than a message may be: its parts lie side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from livedash.brokers.contract import BrokerLostError, Mark
from livedash.brokers.marks import MOST_ENTRIES, mark_of

_WHOLE: Final = b"w"  # entries
_PART: Final = b"p"  # of an entry; more follow
_LAST: Final = b"l"
_ENTRY_BYTES: Final = 6  # beside its content: its length

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[bytes]).decode


def messages_of(entries: Sequence[bytes], max_bytes: int) -> list[bytes]:
    """Which have `max_bytes` at most."""
    messages: list[bytes] = []
    some: list[bytes] = []
    size = _ENTRY_BYTES
    for entry in entries:
        needed = _ENTRY_BYTES + len(entry)
        if some and (size + needed > max_bytes or len(some) == MOST_ENTRIES):
            messages.append(_WHOLE + _encode(some))
            some, size = [], _ENTRY_BYTES
        if _ENTRY_BYTES + needed > max_bytes:
            messages += _parts_of(entry, max_bytes - 1)
        else:
            some.append(entry)
            size += needed
    if some:
        messages.append(_WHOLE + _encode(some))
    return messages


def _parts_of(entry: bytes, part_bytes: int) -> Iterator[bytes]:
    for start in range(0, len(entry), part_bytes):
        kind = _PART if start + part_bytes < len(entry) else _LAST
        yield kind + entry[start : start + part_bytes]


class EntryReader:
    """Makes entries of messages that come one after the other."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def take(self, sequence: int, message: bytes) -> list[tuple[Mark, bytes]]:
        """The entries that are whole now. Raises BrokerLostError for what no livedash wrote."""
        kind = message[:1]
        if kind == _WHOLE:
            return [(mark_of(sequence, message, index), entry) for index, entry in enumerate(_entries_of(message))]
        if kind not in (_PART, _LAST):
            raise BrokerLostError(f"the log holds a message that is not livedash's: {message[:20]!r}")
        self._parts.append(message[1:])
        if kind == _PART:
            return []
        entry = b"".join(self._parts)
        self._parts.clear()
        return [(mark_of(sequence, message, 0), entry)]


def last_mark_of(sequence: int, message: bytes) -> Mark:
    return mark_of(sequence, message, len(_entries_of(message)) - 1 if message[:1] == _WHOLE else 0)


def _entries_of(message: bytes) -> list[bytes]:
    try:
        return _decode(message[1:])
    except msgspec.DecodeError as error:
        raise BrokerLostError(f"the log holds a message that is not livedash's: {error}") from error
