"""The two codecs of the protocol: what messages look like as bytes of JSON and of MessagePack.

In JSON, packed columns are arrays, and NaN, infinities and missing times are null; in MessagePack they are raw
little-endian bytes. Both have the same keys, so that one description covers them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, Literal, Protocol

import msgspec

from livedash import limits
from livedash.errors import CallerError, ProtocolError
from livedash.wire.batch import EMPTY, Batch
from livedash.wire.column import NAT, NULL_CODE, Column, pack, unpack
from livedash.wire.messages import (
    ClientMessage,
    Columns,
    Delivery,
    HubMessage,
    Notification,
    WireColumn,
)
from livedash.wire.position import MAX_OFFSET, is_epoch
from livedash.wire.values import json_value, plain_record

_DELIVERY_OPS: Final = frozenset({"records", "columns", "snapshot"})
_SCALARS: Final = frozenset({str, float, bool, type(None)})


class Codec(Protocol):
    """Encodes what the hub says and decodes what it hears; a client does it the other way round."""

    name: str
    is_binary: bool

    def encode(self, message: HubMessage) -> bytes: ...
    def encode_from_client(self, message: ClientMessage) -> bytes: ...
    def decode(self, data: bytes | str) -> ClientMessage:
        """Raises ProtocolError."""

    def asked_by(self, data: bytes | str) -> Asked:
        """Of a message that is none of the protocol: what its sender waits for, as far as that can be seen."""

    def decode_from_hub(self, data: bytes | str) -> HubMessage:
        """Raises ProtocolError."""

    def wire_column(self, column: Column) -> WireColumn: ...
    def batch_fields(self, batch: Batch, shape: str) -> dict[str, Any]:
        """The batch's part of a message."""


class Asked(msgspec.Struct, frozen=True):
    """By which an answer is known to its asker."""

    id: int | str | None = None
    room: str | None = None


class _MessageCodec(ABC):
    """What both codecs do alike."""

    name: str
    is_binary: bool

    def __init__(self, encode: Callable[[Any], bytes], module: Any) -> None:
        self._encode = encode
        self._client = module.Decoder(ClientMessage)
        self._asked = module.Decoder(Asked)
        self._any = module.Decoder()

    def encode(self, message: HubMessage) -> bytes:
        if not isinstance(message, Delivery):
            return self._encode(message)
        if not message.is_whole or message.skipped:
            return self._encode(self._delivery_fields(message))
        key = (self.name, message.op, message.shape, message.room, message.epoch, message.offset)
        data: bytes | None = message.batch.cache.get(key)
        if data is None:
            data = message.batch.cache[key] = self._encode(self._delivery_fields(message))
        return data

    def encode_from_client(self, message: ClientMessage) -> bytes:
        return self._encode(message)

    def decode(self, data: bytes | str) -> ClientMessage:
        message: ClientMessage = _decoded(self._client.decode, data)
        return message

    def asked_by(self, data: bytes | str) -> Asked:
        if self.is_binary and isinstance(data, str):
            return Asked()
        try:
            asked: Asked = _decoded(self._asked.decode, data)
        except ProtocolError:
            return Asked()
        return asked

    def decode_from_hub(self, data: bytes | str) -> HubMessage:
        fields = _decoded(self._any.decode, data)
        if isinstance(fields, dict) and fields.get("op") in _DELIVERY_OPS:
            return _delivery_of(_decoded(_to_raw, fields))
        message: Notification = _decoded(_to_notification, fields)
        return message

    @abstractmethod
    def wire_column(self, column: Column) -> WireColumn: ...

    @abstractmethod
    def wire_times(self, batch: Batch) -> Any: ...

    def _delivery_fields(self, delivery: Delivery) -> dict[str, Any]:
        fields = {"op": delivery.op, "room": delivery.room, "epoch": delivery.epoch, "offset": delivery.offset}
        if delivery.skipped:
            fields["skipped"] = delivery.skipped
        return fields | self.batch_fields(delivery.batch, delivery.shape)

    def batch_fields(self, batch: Batch, shape: str) -> dict[str, Any]:
        """The batch's part of a message."""
        if shape == "records":
            return {"records": batch.records(), "times": self.wire_times(batch)}
        columns = {name: self.wire_column(column) for name, column in batch.columns.items()}
        return {"count": batch.count, "times": self.wire_times(batch), "columns": columns}


class JsonCodec(_MessageCodec):
    """`livedash.v1.json`."""

    name = "json"
    is_binary = False

    def __init__(self) -> None:
        super().__init__(msgspec.json.Encoder().encode, msgspec.json)

    def wire_column(self, column: Column) -> WireColumn:
        values: list[Any]
        if column.categories is not None:
            values = [None if code == NULL_CODE else code for code in unpack("i", column.packed)]
        elif column.type == "time":
            values = [None if value == NAT else value for value in unpack("q", column.packed)]
        else:
            values = column.python_values()
        return WireColumn(column.type, values, column.absent, column.unit, column.tz, column.categories)

    def wire_times(self, batch: Batch) -> list[int]:
        return batch.times_us()


class MsgpackCodec(_MessageCodec):
    """`livedash.v1.msgpack`."""

    name = "msgpack"
    is_binary = True

    def __init__(self) -> None:
        super().__init__(msgspec.msgpack.Encoder().encode, msgspec.msgpack)

    def wire_column(self, column: Column) -> WireColumn:
        return WireColumn(column.type, column.values, column.absent, column.unit, column.tz, column.categories)

    def wire_times(self, batch: Batch) -> bytes:
        return batch.times


JSON: Final = JsonCodec()
MSGPACK: Final = MsgpackCodec()


def batch_of_wire(count: int, times: Any, columns: Columns) -> Batch:
    """The batch in a message of either codec. Raises ProtocolError."""
    if times is None:
        raise ProtocolError("columns come with 'count' and 'times', the microseconds since 1970 of each record")
    packed_times = times if isinstance(times, bytes) else _packed("q", times, None)
    return Batch.checked(count, packed_times, {name: column_of_wire(column) for name, column in columns.items()})


def column_of_wire(wire: WireColumn) -> Column:
    """Raises ProtocolError for values that are of another form than the type says; counts are Batch.checked's."""
    column = Column(wire.type, b"", wire.absent, wire.unit, wire.tz, wire.categories)  # type: ignore[arg-type]  # checked there
    values = wire.values
    if column.code is None:
        if not isinstance(values, list):
            raise ProtocolError(f"a column of type {wire.type!r} has a list of values")
    elif not isinstance(values, bytes):
        values = _packed(column.code, values, _missing_of(column))
    if wire.type == "json":
        values = [_json_of_peer(value, limits.RECORD_DEPTH) for value in values]
    return msgspec.structs.replace(column, values=values)


def _missing_of(column: Column) -> float | None:
    """What stands for null among packed values; None where a column can have none."""
    if column.categories is not None:
        return NULL_CODE
    return {"f8": float("nan"), "time": NAT}.get(column.type)


def _packed(code: str, values: Any, missing: float | None) -> bytes:
    if not isinstance(values, list):
        raise ProtocolError("a column's values are a list or packed bytes")
    try:
        return pack(code, [missing if value is None else value for value in values])
    except (TypeError, ValueError, OverflowError) as error:
        raise ProtocolError(f"a column holds a value that its type does not: {error}") from error


def _json_of_peer(value: Any, depth: int) -> Any:
    """MessagePack has values that JSON has not: one such would break each viewer that reads JSON."""
    if type(value) in _SCALARS:
        return value
    if type(value) is int:
        return json_value(value)
    if depth == 0:
        raise ProtocolError(f"a value of a column is nested deeper than {limits.RECORD_DEPTH} levels")
    if type(value) is list:
        return [_json_of_peer(item, depth - 1) for item in value]
    if type(value) is dict and all(type(name) is str for name in value):
        return {name: _json_of_peer(item, depth - 1) for name, item in value.items()}
    raise ProtocolError(f"a column of type 'json' holds what JSON can't: {type(value).__name__}")


class _RawDelivery(msgspec.Struct):
    """A message with records as it stands on the wire; `times` is a list or packed bytes."""

    op: Literal["records", "columns", "snapshot"]
    room: str
    epoch: str
    offset: int
    skipped: int = 0
    records: list[dict[str, Any]] | None = None
    count: int = 0
    times: Any = None
    columns: dict[str, WireColumn] | None = None


def _to_raw(fields: dict[str, Any]) -> _RawDelivery:
    return msgspec.convert(fields, _RawDelivery)


def _to_notification(fields: Any) -> Any:
    return msgspec.convert(fields, Notification)


def _delivery_of(raw: _RawDelivery) -> Delivery:
    """Raises ProtocolError."""
    if not (is_epoch(raw.epoch) and 0 <= raw.offset <= MAX_OFFSET and 0 <= raw.skipped <= MAX_OFFSET):
        raise ProtocolError(f"a message with records is at no position: {raw.epoch[:20]!r}, {raw.offset}")
    return Delivery(
        room=raw.room,
        epoch=raw.epoch,
        offset=raw.offset,
        batch=_batch_of_raw(raw),
        shape="records" if raw.columns is None else "columns",
        is_snapshot=raw.op == "snapshot",
        skipped=raw.skipped,
    )


def _batch_of_raw(raw: _RawDelivery) -> Batch:
    is_empty = raw.op == "snapshot" and not raw.count and not raw.records
    if is_empty and (raw.columns is not None or raw.records is not None):
        return EMPTY
    if raw.columns is not None:
        return batch_of_wire(raw.count, raw.times, raw.columns)
    if raw.records is None:
        raise ProtocolError("a message with records has 'records' or 'columns'")
    times = raw.times if isinstance(raw.times, bytes) else _packed("q", raw.times, None)
    try:
        batch = Batch.from_records([plain_record(record) for record in raw.records], ())
    except CallerError as error:  # what a hub never sends, and MessagePack can say
        raise ProtocolError(f"a message has records that can't be: {error}") from error
    return Batch.checked(batch.count, times, batch.columns)


def _decoded(decode: Callable[[Any], Any], data: Any) -> Any:
    try:
        return decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(f"that is no message of the protocol: {error}") from error
