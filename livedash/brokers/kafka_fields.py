"""How the fields of shelves lie in messages of a Kafka topic: each under its own key, whose last message is its value.

Where a change is larger than a batch may be, the values come first, in parts under keys of their own; then one batch names
them. So the topic may be compacted, and a change is there as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from livedash.brokers.contract import BrokerLostError, Shelf
from livedash.brokers.kafka_frames import BATCH_BYTES

Message = tuple[bytes, bytes | None]  # key, and value; without one it says that the key is gone

_VALUE: Final = b"v"
_REFERENCE: Final = b"r"
_KIND_BYTES: Final = 1
_MESSAGE_BYTES: Final = 64  # beside its content: what Kafka adds
_KEY_BYTES: Final = 64  # of a part, at most

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_key: Final = msgspec.msgpack.Decoder(list[str | int]).decode
_decode_reference: Final = msgspec.msgpack.Decoder(tuple[str, int]).decode

BARRIER: Final[Message] = (_encode(()), None)


@dataclass(frozen=True, slots=True)
class Head:
    """A field's last message. `put`, `parts`: of its value, where that is not in it."""

    offset: int
    put: str = ""
    parts: int = 0


def messages_of(shelf: str, changes: Mapping[str, bytes | None], put: str) -> tuple[list[Message], list[Message]]:
    """Parts, and heads that name them. `put`: a name that no other change has."""
    heads: list[Message] = [
        (_field(shelf, field), None if data is None else _VALUE + data) for field, data in changes.items()
    ]
    if size_of(heads) <= BATCH_BYTES:
        return [], heads
    parts: list[Message] = []
    heads = []
    for field, data in changes.items():
        if data is None:
            heads.append((_field(shelf, field), None))
            continue
        some = list(_pieces_of(data))
        heads.append((_field(shelf, field), _REFERENCE + _encode((f"{put}-{len(heads)}", len(some)))))
        parts += [(_part(f"{put}-{len(heads) - 1}", number), piece) for number, piece in enumerate(some)]
    return parts, heads


def tombstones(head: Head) -> list[Message]:
    """Of its parts."""
    return [(_part(head.put, number), None) for number in range(head.parts)]


def batches_of(messages: Sequence[Message]) -> Iterator[list[Message]]:
    """Messages that can be stored at once."""
    some: list[Message] = []
    size = 0
    for message in messages:
        needed = size_of([message])
        if some and size + needed > BATCH_BYTES:
            yield some
            some, size = [], 0
        some.append(message)
        size += needed
    if some:
        yield some


def size_of(messages: Sequence[Message]) -> int:
    return sum(_MESSAGE_BYTES + len(key) + len(value or b"") for key, value in messages)


class Fields:
    """Where the shelves' fields lie."""

    def __init__(self) -> None:
        self._shelves: dict[str, dict[str, Head]] = {}
        self._parts: dict[tuple[str, int], int] = {}

    def take(self, offset: int, message: Message) -> None:
        """In order."""
        key, value = message
        match _key_of(key):
            case [str(shelf), str(field)]:
                self._take_head(shelf, field, None if value is None else _head_of(offset, value))
            case [str(put), int(number)]:
                if value is None:
                    self._parts.pop((put, number), None)
                else:
                    self._parts[put, number] = offset

    def of(self, shelf: str) -> dict[str, Head]:
        return dict(self._shelves.get(shelf, {}))

    def offsets(self, head: Head) -> list[int]:
        """Where its value lies. Raises BrokerLostError where a part is gone."""
        if not head.put:
            return [head.offset]
        found = [self._parts.get((head.put, number), -1) for number in range(head.parts)]
        if -1 in found:
            raise BrokerLostError("a part of a shelf is gone")
        return found

    def _take_head(self, shelf: str, field: str, head: Head | None) -> None:
        heads = self._shelves.setdefault(shelf, {})
        if head is None:
            heads.pop(field, None)
        else:
            heads[field] = head
        if not heads:
            del self._shelves[shelf]


class Contents:
    """What the messages of the topic led to, with all values."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}

    def take(self, message: Message) -> None:
        key, value = message
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value

    def shelves(self) -> dict[str, Shelf]:
        """Raises BrokerLostError where a part is gone."""
        shelves: dict[str, dict[str, bytes]] = {}
        for key, value in self._values.items():
            match _key_of(key):
                case [str(shelf), str(field)]:
                    shelves.setdefault(shelf, {})[field] = self._value(value)
        return dict(shelves)

    def _value(self, value: bytes) -> bytes:
        head = _head_of(0, value)
        if not head.put:
            return value[_KIND_BYTES:]
        parts = [self._values.get(_part(head.put, number)) for number in range(head.parts)]
        return value_of([part if part is not None else b"" for part in parts])


def value_of(messages: Sequence[bytes]) -> bytes:
    """Of the messages that it lies in. Raises BrokerLostError where one is gone."""
    if not all(message[:_KIND_BYTES] == _VALUE for message in messages):
        raise BrokerLostError("a part of a shelf is gone")
    return b"".join(message[_KIND_BYTES:] for message in messages)


def _field(shelf: str, field: str) -> bytes:
    return _encode((shelf, field))


def _part(put: str, number: int) -> bytes:
    return _encode((put, number))


def _pieces_of(data: bytes) -> Iterator[bytes]:
    size = BATCH_BYTES - _MESSAGE_BYTES - _KEY_BYTES - _KIND_BYTES
    for start in range(0, max(len(data), 1), size):
        yield _VALUE + data[start : start + size]


def _key_of(key: bytes) -> list[str | int]:
    try:
        return _decode_key(key)
    except msgspec.DecodeError as error:
        raise _not_ours(key) from error


def _head_of(offset: int, value: bytes) -> Head:
    if value[:_KIND_BYTES] == _VALUE:
        return Head(offset)
    try:
        put, parts = _decode_reference(value[_KIND_BYTES:])
    except msgspec.DecodeError as error:
        raise _not_ours(value) from error
    return Head(offset, put, parts)


def _not_ours(what: bytes) -> BrokerLostError:
    return BrokerLostError(f"the shelves hold a message that is not livedash's: {what[:20]!r}")
