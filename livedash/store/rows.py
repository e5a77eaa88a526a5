"""How batches and headers look as bytes on disk: MessagePack as it travels, with a checksum."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from livedash import limits
from livedash.core.kept import RoomHeader
from livedash.wire.batch import Batch
from livedash.wire.column import Column
from livedash.wire.messages import GapReason


class DamagedError(ValueError):
    """Bytes that are not what was written. Stays inside this package: who opens a store hears what was done about it."""


class _StoredBatch(msgspec.Struct, frozen=True, array_like=True):
    count: int
    times: bytes
    columns: dict[str, Column]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode_batch: Final = msgspec.msgpack.Decoder(_StoredBatch).decode
_decode_header: Final = msgspec.msgpack.Decoder(RoomHeader).decode
_decode_former: Final = msgspec.msgpack.Decoder(dict[str, GapReason]).decode


def bytes_of_batch(batch: Batch) -> bytes:
    return _encode(_StoredBatch(batch.count, batch.times, dict(batch.columns)))


def batch_of_bytes(data: bytes, checksum: int) -> Batch:
    """Raises DamagedError."""
    if checksum_of(data) != checksum:
        raise DamagedError("a batch of records has another checksum than when it was written")
    try:
        stored = _decode_batch(data)
    except msgspec.DecodeError as error:
        raise DamagedError(f"a batch of records can't be read: {error}") from error
    return Batch(stored.count, stored.times, stored.columns)


def checksum_of(data: bytes) -> int:
    return zlib.crc32(data)


def bytes_of_header(header: RoomHeader) -> bytes:
    return _encode(header)


def header_of_bytes(data: bytes) -> RoomHeader:
    """Raises DamagedError."""
    try:
        return _decode_header(data)
    except msgspec.DecodeError as error:
        raise DamagedError(f"a room's settings can't be read: {error}") from error


def bytes_of_former(former: Mapping[str, GapReason]) -> bytes:
    return _encode(dict(former))


def former_of_bytes(data: bytes) -> dict[str, GapReason]:
    """Raises DamagedError."""
    try:
        return _decode_former(data)
    except msgspec.DecodeError as error:
        raise DamagedError(f"a deleted room's epochs can't be read: {error}") from error


def text_of_key(key: Any) -> str:
    """A keyed room's key; keys that are equal in Python (1, 1.0 and True) have one text."""
    if isinstance(key, str):
        return f"s{key}"
    if isinstance(key, float) and not key.is_integer():
        return f"n{key!r}"
    return f"n{int(key)}"


def joined(batches: Sequence[Batch]) -> Iterator[Batch]:
    """Neighbours as one batch where that changes no type of a column, and it stays small enough to be read in steps."""
    group: list[Batch] = []
    nbytes = records = 0
    for batch in batches:
        nbytes, records = nbytes + batch.nbytes, records + batch.count
        is_full = nbytes > limits.MESSAGE_BYTES or records > limits.PUBLISH_BATCH_RECORDS
        if group and (is_full or not _are_alike(group[0], batch)):
            yield Batch.concat(group)
            group, nbytes, records = [], batch.nbytes, batch.count
        group.append(batch)
    if group:
        yield Batch.concat(group)


def _are_alike(one: Batch, other: Batch) -> bool:
    if tuple(one.columns) != tuple(other.columns):
        return False
    pairs = zip(one.columns.values(), other.columns.values(), strict=True)
    return all(_form(left) == _form(right) for left, right in pairs)


def _form(column: Column) -> tuple[object, ...]:
    return column.type, column.unit, column.tz, column.categories
