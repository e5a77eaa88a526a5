"""The messages of the protocol, one type each; how they look as bytes is in the codecs, all about them in protocol.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from livedash.wire.batch import Batch
from livedash.wire.position import Position

Shape = Literal["records", "columns"]
Mode = Literal["all", "latest", "sample"]
GapReason = Literal["trimmed", "epoch", "beyond_top", "bad_cursor", "slow", "restarted", "cleared", "deleted"]
Acquaintance = Literal["known", "unknown", "other"]
ByeReason = Literal["draining", "slow", "expired", "revoked", "deleted", "limit", "not_allowed", "idle"]


# From a client


class _FromClient(msgspec.Struct, frozen=True, tag_field="op", omit_defaults=True):
    pass


class Subscribe(_FromClient, frozen=True, tag="subscribe"):
    """`window` is how many records a snapshot holds; `room` may be a glob."""

    room: str
    since: str = "now"
    shape: Shape = "records"
    mode: Mode = "all"
    max_hz: float | None = None
    window: int | None = None
    presence: bool = False


class Unsubscribe(_FromClient, frozen=True, tag="unsubscribe"):
    room: str


class WireColumn(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column as it stands in a message: packed values are bytes in MessagePack and lists in JSON."""

    type: str
    values: Any
    absent: tuple[int, ...] = ()
    unit: str | None = None
    tz: str | None = None
    categories: tuple[str, ...] | None = None


class Publish(_FromClient, frozen=True, tag="publish"):
    """Either `records`, stamped by the hub unless `times` has a time for each, or `count`, `times` and `columns`."""

    room: str
    records: list[dict[str, Any]] | None = None
    id: int | str | None = None
    publisher: str | None = None
    seq: int | None = None
    echo: bool = True
    count: int = 0
    times: Any = None
    columns: dict[str, WireColumn] | None = None


class Held(msgspec.Struct, frozen=True):
    """What a publisher holds of a room of which it was the only one: offsets `first` to `last` of `epoch`.

    `unanswered`: records after those that it has sent, and that the hub may have shown to readers without its knowing.
    """

    epoch: str
    first: int
    last: int
    unanswered: int = 0


class Hello(_FromClient, frozen=True, tag="hello"):
    """A publisher's first message on each connection. `settings`: of rooms that begin or are given back on it."""

    publisher: str
    rooms: dict[str, Held] = {}
    settings: dict[str, dict[str, Any]] = {}


class Restore(_FromClient, frozen=True, tag="restore"):
    """Records that a former hub acknowledged, given back to one that does not know the room."""

    room: str
    epoch: str
    first: int
    count: int
    times: Any
    columns: dict[str, WireColumn]
    id: int | str | None = None


class Lost(_FromClient, frozen=True, tag="lost"):
    """A publisher tells that its buffer overflowed: `dropped` records in all of this room."""

    room: str
    publisher: str
    dropped: int


class SourceFailing(_FromClient, frozen=True, tag="source_failing"):
    """How a source of this publisher's fails, in words for people; `error` None: it does not fail any more."""

    room: str
    source: str
    error: str | None = None


class AskPresence(_FromClient, frozen=True, tag="presence"):
    room: str


class Ping(_FromClient, frozen=True, tag="ping"):
    pass


ClientMessage = Subscribe | Unsubscribe | Publish | Hello | Restore | Lost | SourceFailing | AskPresence | Ping


# From the hub


class _FromHub(msgspec.Struct, frozen=True, tag_field="op", omit_defaults=True):
    pass


class Subscribed(_FromHub, frozen=True, tag="subscribed"):
    """`offset` is where the reader stands; `recovered` is False where a gap follows. `key`: of a keyed room."""

    room: str
    epoch: str
    offset: int
    recovered: bool
    key: str | None = None


class Keyed(_FromHub, frozen=True, tag="keyed"):
    """The room's key is another one than the reader was told (None: it has none any more); before all that follows it."""

    room: str
    key: str | None = None


class Gap(_FromHub, frozen=True, tag="gap"):
    """`start` and `stop` (on the wire `from` and `to`): the first and last missing offset, where they are known."""

    room: str
    reason: GapReason
    start: int | None = msgspec.field(name="from", default=None)
    stop: int | None = msgspec.field(name="to", default=None)


class Published(_FromHub, frozen=True, tag="published"):
    epoch: str
    offset: int
    id: int | str | None = None


class Welcome(_FromHub, frozen=True, tag="welcome"):
    """`unknown`: restore it, please; `known`: go on; `other`: the room has another epoch or other publishers.

    `at`: rooms that go on under another epoch than the publisher named; up to that offset, the records are the same.
    Answers `hello`; comes unasked, with `other`, when somebody else writes, or the room is cleared or deleted.
    """

    rooms: dict[str, Acquaintance]
    at: dict[str, Position] = {}


class Notice(_FromHub, frozen=True, tag="notice"):
    """A publisher lost `dropped` records of the room, in all."""

    room: str
    publisher: str
    dropped: int


class Failing(_FromHub, frozen=True, tag="failing"):
    """The sources of the room that fail now, with what each one says; none: all is well again."""

    room: str
    sources: dict[str, str]


class Degraded(_FromHub, frozen=True, tag="degraded"):
    """Of the whole connection: why the hub can't do all that it should, in words for people; None: it can again."""

    reason: str | None = None


class ViewerInfo(msgspec.Struct, frozen=True):
    """`since` is in seconds since 1970."""

    id: str
    label: str
    since: float


class Presence(_FromHub, frozen=True, tag="presence"):
    room: str
    viewers: list[ViewerInfo]


class Joined(_FromHub, frozen=True, tag="joined"):
    room: str
    viewer: ViewerInfo


class Left(_FromHub, frozen=True, tag="left"):
    room: str
    viewer: ViewerInfo


class Error(_FromHub, frozen=True, tag="error"):
    """The connection stays. `retry_after_s`: the same message, sent again after so long, may be taken."""

    code: str
    message: str
    id: int | str | None = None
    room: str | None = None
    retry_after_s: float | None = None


class Bye(_FromHub, frozen=True, tag="bye"):
    """The last message. `retry_after_s` None: don't come back, as close codes 4100 to 4199 say.

    `reason` is a ByeReason, or one that a later hub knows.
    """

    reason: str
    retry_after_s: float | None = None


class Pong(_FromHub, frozen=True, tag="pong"):
    pass


Notification = (
    Subscribed
    | Keyed
    | Gap
    | Published
    | Welcome
    | Notice
    | Failing
    | Degraded
    | Presence
    | Joined
    | Left
    | Error
    | Bye
    | Pong
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Records for a viewer: what follows its position, or with `is_snapshot` what replaces all that it holds.

    `offset` is that of the last record. `skipped` counts records that a mode, a key or `echo: false` left out before it.
    `is_whole`: the batch lies in history just like this, so that all viewers of its room can share the encoded bytes.
    `offsets`: of each record, where some were left out between them.
    """

    room: str
    epoch: str
    offset: int
    batch: Batch
    shape: Shape
    is_snapshot: bool = False
    skipped: int = 0
    is_whole: bool = False
    offsets: tuple[int, ...] | None = None

    @property
    def op(self) -> str:
        return "snapshot" if self.is_snapshot else self.shape

    @property
    def first_offset(self) -> int:
        return self.offset - self.batch.count + 1

    def with_skips(self) -> Iterator[tuple[int, int]]:
        """Of each record its offset, and how many were left out right before it."""
        before = self.offset - self.batch.count - self.skipped
        for offset in self.offsets or range(self.first_offset, self.offset + 1):
            yield offset, offset - before - 1
            before = offset


HubMessage = Notification | Delivery
Columns = Mapping[str, WireColumn]
