"""The two codecs of the protocol: what messages look like as bytes of JSON and of MessagePack.

In JSON, packed columns are arrays, and NaN, infinities and missing times are null; in MessagePack they are raw little-endian
bytes. Both have the same keys, so that one description covers them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec

from livedash.errors import ProtocolError
from livedash.wire.batch import Batch
from livedash.wire.column import NAT, NULL_CODE, Column, pack, unpack
from livedash.wire.messages import (
    ClientMessage,
    Columns,
    Delivery,
    HubMessage,
    Notification,
    WireColumn,
)
from livedash.wire.values import json_value

_DELIVERY_OPS: Final = frozenset({"records", "columns", "snapshot"})


class Codec(Protocol):
    """Encodes what the hub says and decodes what it hears; a client does it the other way round."""

    name: str
    is_binary: bool

    def encode(self, message: HubMessage) -> bytes: ...
    def encode_from_client(self, message: ClientMessage) -> bytes: ...
    def decode(self, data: bytes | str) -> ClientMessage:
        """Raises ProtocolError."""

    def decode_from_hub(self, data: bytes | str) -> HubMessage:
        """Raises ProtocolError."""

    def wire_column(self, column: Column) -> WireColumn: ...


class _MessageCodec(ABC):
    """What both codecs do alike."""

    name: str
    is_binary: bool

    def __init__(self, encode: Callable[[Any], bytes], module: Any) -> None:
        self._encode = encode
        self._client = module.Decoder(ClientMessage)
        self._hub = module.Decoder(Notification)
        self._any = module.Decoder()

    def encode(self, message: HubMessage) -> bytes:
        if not isinstance(message, Delivery):
            return self._encode(message)
        if not message.is_whole or message.skipped or message.is_snapshot:
            return self._encode(self._delivery_fields(message))
        key = (self.name, message.shape)
        data: bytes | None = message.batch.cache.get(key)
        if data is None:
            data = message.batch.cache[key] = self._encode(self._delivery_fields(message))
        return data

    def encode_from_client(self, message: ClientMessage) -> bytes:
        return self._encode(message)

    def decode(self, data: bytes | str) -> ClientMessage:
        message: ClientMessage = _decoded(self._client.decode, data)
        return message

    def decode_from_hub(self, data: bytes | str) -> HubMessage:
        fields = _decoded(self._any.decode, data)
        if isinstance(fields, dict) and fields.get("op") in _DELIVERY_OPS:
            return _delivery_of(fields)
        message: Notification = _decoded(self._hub.decode, data)
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
            values = [None if code == NULL_CODE else code for code in unpack("i", column.values)]
        elif column.type == "time":
            values = [None if value == NAT else value for value in unpack("q", column.values)]
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
    packed_times = times if isinstance(times, bytes) else _packed("q", times, NAT)
    return Batch.checked(count, packed_times, {name: column_of_wire(column) for name, column in columns.items()})


def column_of_wire(wire: WireColumn) -> Column:
    """Raises ProtocolError for values that are of another form than the type says; counts are Batch.checked's."""
    column = Column(wire.type, b"", wire.absent, wire.unit, wire.tz, wire.categories)  # type: ignore[arg-type]  # checked there
    values = wire.values
    if column.code is None:
        if not isinstance(values, list):
            raise ProtocolError(f"a column of type {wire.type!r} has a list of values")
    elif not isinstance(values, bytes):
        missing = float("nan") if wire.type == "f8" else NULL_CODE if wire.categories is not None else NAT
        values = _packed(column.code, values, missing)
    if wire.type == "json":
        values = [json_value(value) for value in values]
    return msgspec.structs.replace(column, values=values)


def _packed(code: str, values: Any, missing: float) -> bytes:
    if not isinstance(values, list):
        raise ProtocolError("a column's values are a list or packed bytes")
    try:
        return pack(code, [missing if value is None else value for value in values])
    except (TypeError, ValueError, OverflowError) as error:
        raise ProtocolError(f"a column holds a value that its type does not: {error}") from error


def _delivery_of(fields: dict[str, Any]) -> Delivery:
    try:
        batch = _batch_of_fields(fields)
        is_columns = "columns" in fields
        return Delivery(
            room=fields["room"],
            epoch=fields["epoch"],
            offset=fields["offset"],
            batch=batch,
            shape="columns" if is_columns else "records",
            is_snapshot=fields["op"] == "snapshot",
            skipped=fields.get("skipped", 0),
        )
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise ProtocolError(f"a message with records is not whole: {error}") from error


def _batch_of_fields(fields: dict[str, Any]) -> Batch:
    if "columns" not in fields:
        records, times = fields["records"], fields["times"]
        return Batch.from_records(records, unpack("q", times) if isinstance(times, bytes) else times)
    columns = msgspec.convert(fields["columns"], dict[str, WireColumn])
    if fields["count"] == 0:
        return Batch(0, b"", {})
    return batch_of_wire(fields["count"], fields["times"], columns)


def _decoded(decode: Callable[[Any], Any], data: bytes | str) -> Any:
    try:
        return decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(f"that is no message of the protocol: {error}") from error
