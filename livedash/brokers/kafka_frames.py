"""How entries lie in messages of a Kafka topic.

A message holds several entries. Where an append is larger than a batch may be, its messages are kept in parts, which come
first; then one batch of references names them, so that the append counts at that place, as a whole or not at all.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from livedash.brokers.contract import BrokerLostError, Mark
from livedash.brokers.marks import MOST_ENTRIES, mark_of

BATCH_BYTES: Final = (
    1_000_000  # of messages that are stored at once: a server takes 1,048,588 unless it is told otherwise
)
OVER: Final = b"o"  # nothing that follows counts: another generation has begun
BARRIER: Final = b"b"  # who wrote it knows then what lies before it
_RUN: Final = b"s"
_ENTRIES: Final = b"w"
_PART: Final = b"p"
_REFERENCE: Final = b"r"
_ENTRY_BYTES: Final = 6  # beside its content: its length
_MESSAGE_BYTES: Final = 64  # beside its content: what Kafka adds
_KIND_BYTES: Final = 1

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[bytes]).decode


class Reference(msgspec.Struct, frozen=True, array_like=True):
    """`offsets`: where the parts lie that make a message of `count` entries."""

    count: int
    check: int
    offsets: list[int]


_decode_reference: Final = msgspec.msgpack.Decoder(Reference).decode


def messages_of(entries: Sequence[bytes], max_bytes: int = BATCH_BYTES) -> list[bytes]:
    """Which are small enough, but for one entry that is larger itself."""
    messages: list[bytes] = []
    some: list[bytes] = []
    size = 0
    for entry in entries:
        needed = _ENTRY_BYTES + len(entry)
        if some and (size + needed > max_bytes - _MESSAGE_BYTES or len(some) == MOST_ENTRIES):
            messages.append(_ENTRIES + _encode(some))
            some, size = [], 0
        some.append(entry)
        size += needed
    if some:
        messages.append(_ENTRIES + _encode(some))
    return messages


def fit_together(messages: Sequence[bytes], max_bytes: int = BATCH_BYTES) -> bool:
    """True if they can be stored at once."""
    return sum(_MESSAGE_BYTES + len(message) for message in messages) <= max_bytes


def batches_of(messages: Sequence[bytes], max_bytes: int = BATCH_BYTES) -> Iterator[list[bytes]]:
    """Messages that can be stored at once. Each is small enough."""
    some: list[bytes] = []
    for message in messages:
        if some and not fit_together([*some, message], max_bytes):
            yield some
            some = []
        some.append(message)
    if some:
        yield some


def parts_of(message: bytes, max_bytes: int = BATCH_BYTES) -> list[bytes]:
    """Messages that are small enough."""
    size = max_bytes - _MESSAGE_BYTES - _KIND_BYTES
    return [_PART + message[start : start + size] for start in range(0, len(message), size)]


def reference_to(message: bytes, offsets: Sequence[int]) -> bytes:
    return _REFERENCE + _encode(Reference(len(entries_of(message)), zlib.crc32(message), list(offsets)))


def run_message(run: str) -> bytes:
    """Another run has begun: who reads this looks where the broker stands."""
    return _RUN + run.encode()


def run_of(message: bytes) -> str | None:
    return message[_KIND_BYTES:].decode() if message[:1] == _RUN else None


def is_part(message: bytes) -> bool:
    return message[:1] == _PART


def reference_of(message: bytes) -> Reference | None:
    """Raises BrokerLostError for what no livedash wrote."""
    if message[:1] != _REFERENCE:
        return None
    try:
        return _decode_reference(message[1:])
    except msgspec.DecodeError as error:
        raise _not_ours(message) from error


def message_of(reference: Reference, parts: Sequence[bytes]) -> bytes:
    """Raises BrokerLostError where the parts are others."""
    message = b"".join(part[_KIND_BYTES:] for part in parts)
    if not all(map(is_part, parts)) or zlib.crc32(message) != reference.check:
        raise BrokerLostError("the parts of an entry are not there any more")
    return message


def entries_of(message: bytes) -> list[bytes]:
    """Of one that is no part and no reference. Raises BrokerLostError for what no livedash wrote."""
    if message in (BARRIER, OVER) or message[:1] == _RUN:
        return []
    if message[:1] != _ENTRIES:
        raise _not_ours(message)
    try:
        return _decode(message[_KIND_BYTES:])
    except msgspec.DecodeError as error:
        raise _not_ours(message) from error


def last_mark_of(offset: int, message: bytes) -> Mark | None:
    """Of the message at that offset; None if it holds no entry."""
    if is_part(message):
        return None
    reference = reference_of(message)
    count = len(entries_of(message)) if reference is None else reference.count
    return mark_of(offset + 1, message, count - 1) if count else None


def _not_ours(message: bytes) -> BrokerLostError:
    return BrokerLostError(f"the log holds a message that is not livedash's: {message[:20]!r}")
