"""How entries lie in messages of a NATS stream, and how a mark names one of them.

A message holds several entries, or a part of one that is larger than a message may be: its parts lie side by side.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from livedash.brokers.contract import BEFORE_ALL, BrokerLostError, Mark

_WHOLE: Final = b"w"  # entries
_PART: Final = b"p"  # of an entry; more follow
_LAST: Final = b"l"
_ENTRY_BYTES: Final = 6  # beside its content: its length
_MOST_ENTRIES: Final = 1000
# a mark: which message, what it holds, and which of its entries. A stream that was restored from an older copy gives the same
# numbers to other messages, so a number alone would find an entry again that is lost.
_INDEX_BITS: Final = 12
_CHECK_BITS: Final = 16
_NUMBER_BITS: Final = _INDEX_BITS + _CHECK_BITS  # 36 bits are left for the message: years of a busy generation

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[bytes]).decode


def messages_of(entries: Sequence[bytes], max_bytes: int) -> list[bytes]:
    """Which have `max_bytes` at most."""
    messages: list[bytes] = []
    some: list[bytes] = []
    size = _ENTRY_BYTES
    for entry in entries:
        needed = _ENTRY_BYTES + len(entry)
        if some and (size + needed > max_bytes or len(some) == _MOST_ENTRIES):
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


def mark_of(sequence: int, message: bytes, index: int) -> Mark:
    """Of an entry in the message that has this number; of a part, the last one's."""
    check = zlib.crc32(message) & ((1 << _CHECK_BITS) - 1)
    return sequence << _NUMBER_BITS | check << _INDEX_BITS | index


def last_mark_of(sequence: int, message: bytes) -> Mark:
    return mark_of(sequence, message, len(_entries_of(message)) - 1 if message[:1] == _WHOLE else 0)


def number_of(mark: Mark) -> int:
    """Of the message; 0 for BEFORE_ALL."""
    return mark >> _NUMBER_BITS if mark != BEFORE_ALL else 0


def holds(mark: Mark, message: bytes) -> bool:
    """True if the message that has the mark's number is the one that the mark was made for."""
    index = mark & ((1 << _INDEX_BITS) - 1)
    return mark_of(number_of(mark), message, index) == mark


def _entries_of(message: bytes) -> list[bytes]:
    try:
        return _decode(message[1:])
    except msgspec.DecodeError as error:
        raise BrokerLostError(f"the log holds a message that is not livedash's: {error}") from error
