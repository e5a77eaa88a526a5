"""What stands in the log: changes of rooms, links and dashboards, with who asked for them and when; and its bytes."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from livedash.core.changes import Append, Clear, Configure, Delete, GiveBack, Moment, NoteLost
from livedash.core.elsewhere import Move
from livedash.core.rescue import Rescued
from livedash.errors import ProtocolError
from livedash.sharing.link import Link
from livedash.wire.batch import Batch
from livedash.wire.column import Column
from livedash.wire.specs import DashboardSpec


class AddLink(msgspec.Struct, frozen=True, array_like=True, tag="add_link"):
    """`digest` is that of its key: the log holds no key."""

    link: Link
    digest: bytes


class RevokeLink(msgspec.Struct, frozen=True, array_like=True, tag="revoke_link"):
    link_id: str


class PutDashboard(msgspec.Struct, frozen=True, array_like=True, tag="put_dashboard"):
    name: str
    spec: DashboardSpec


class Rescue(msgspec.Struct, frozen=True, array_like=True, tag="rescue"):
    what: Rescued


LinkOrDashboard = AddLink | RevokeLink | PutDashboard


class Again(msgspec.Struct, frozen=True, array_like=True, tag="again"):
    """What an entry changed that the broker lost, asked for by whoever knows of it: more than one hub may."""

    node: str
    number: int
    change: LinkOrDashboard


class TellPresence(msgspec.Struct, frozen=True, array_like=True, tag="tell_presence"):
    """Of the viewers of the hub that writes it: rooms with who came, and with the ids of those that left.

    `is_all`: it has no others; `more`: of what takes several entries, the rest follows.
    """

    came: tuple[Move, ...]
    left: tuple[tuple[str, str], ...]
    is_all: bool = False
    more: bool = False


class AskPresence(msgspec.Struct, frozen=True, array_like=True, tag="ask_presence"):
    """A hub that has just come wants to hear of the others' viewers."""


SharedChange = Append | GiveBack | Configure | Clear | Delete | NoteLost | LinkOrDashboard | Rescue | Again
PresenceChange = TellPresence | AskPresence


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """`number` counts the entries of `node`: one that comes a second time is known by it."""

    node: str
    number: int
    moment: Moment
    change: SharedChange | PresenceChange


class _PlainBatch(msgspec.Struct, frozen=True, array_like=True):
    count: int
    times: bytes
    columns: dict[str, Column]


def _plain(value: Any) -> Any:
    if isinstance(value, Batch):
        return _PlainBatch(value.count, value.times, dict(value.columns))
    raise NotImplementedError(f"the log holds no {type(value).__name__}")


def _rich(kind: type, value: Any) -> Any:
    if kind is not Batch:
        raise NotImplementedError(f"the log holds no {kind.__name__}")
    plain = msgspec.convert(value, _PlainBatch)
    return Batch(plain.count, plain.times, plain.columns)


def room_of(change: SharedChange | PresenceChange) -> str | None:
    """The room that it changes."""
    return change.what.room if isinstance(change, Rescue) else getattr(change, "room", None)


to_bytes: Final = msgspec.msgpack.Encoder(enc_hook=_plain).encode
_decode_entry: Final = msgspec.msgpack.Decoder(Entry, dec_hook=_rich).decode


def entry_of_bytes(data: bytes) -> Entry:
    """Raises ProtocolError for what no livedash wrote, or a later one."""
    try:
        return _decode_entry(data)
    except msgspec.DecodeError as error:
        raise ProtocolError(f"the broker's log holds what this livedash can't read: {error}") from error


def decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    """Of what `to_bytes` made of it."""
    return msgspec.msgpack.Decoder(kind, dec_hook=_rich)
