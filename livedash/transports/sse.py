"""Server-sent events: one event per record (or per batch in columns), each with the viewer's cursor as its id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from livedash import limits
from livedash.core.session import Session
from livedash.transports.viewer import Liveness
from livedash.wire import names
from livedash.wire.codec import JSON
from livedash.wire.messages import Bye, Degraded, Delivery, Failing, Gap, HubMessage, Keyed, Notice, Subscribed
from livedash.wire.position import Cursor, Position
from livedash.wire.sse import event_block

_encode = msgspec.json.Encoder().encode


def liveness(keep_alive_s: float = limits.KEEP_ALIVE_S) -> Liveness:
    """A comment on a quiet stream, which nobody answers."""
    return Liveness(keep_alive_s, None)


class EventFraming:
    """Text of one viewer's stream. `rooms` is what it asked for: one plain room has no `event:` lines."""

    def __init__(self, rooms: tuple[str, ...], retry_ms: int) -> None:
        self._only_room = rooms[0] if len(rooms) == 1 and not names.is_glob(rooms[0]) else None
        self._retry_ms = retry_ms
        self._positions: dict[str, Position] = {}
        self._begun_with: frozenset[str] = frozenset()

    def begin(self, session: Session) -> bytes:
        """`livedash.start`: it carries the cursor, so that a cut before the first record is no hole."""
        self._positions = dict(session.cursor().positions)
        self._begun_with = frozenset(session.rooms)
        cursor = self._cursor()
        start: dict[str, Any] = {"cursor": cursor, "rooms": list(self._positions)}
        if keys := session.keys():
            start["keys"] = keys
        return event_block(_encode(start), event="livedash.start", event_id=cursor or None, retry_ms=self._retry_ms)

    def pieces(self, messages: Iterable[HubMessage]) -> list[bytes]:
        """All that is owed now as one piece."""
        text = b"".join(self._text(message) for message in messages)
        return [text] if text else []

    def _text(self, message: HubMessage) -> bytes:
        match message:
            case Delivery():
                return self._delivery(message)
            case Gap():
                return event_block(JSON.encode(message), event="livedash.gap")
            case Bye(_, retry_after_s):
                retry_ms = None if retry_after_s is None else round(retry_after_s * 1000)
                return event_block(JSON.encode(message), event="livedash.bye", retry_ms=retry_ms)
            case Notice():
                return event_block(JSON.encode(message), event="livedash.notice")
            case Failing():
                return event_block(JSON.encode(message), event="livedash.failing")
            case Degraded():
                return event_block(JSON.encode(message), event="livedash.degraded")
            case Keyed():
                return event_block(JSON.encode(message), event="livedash.keyed")
            case Subscribed(room, epoch, offset) if not names.is_glob(room) and room not in self._begun_with:
                self._positions[room] = Position(epoch, offset)  # it began under a glob
                return b"" if message.key is None else self._text(Keyed(room, message.key))
        return b""

    def _delivery(self, delivery: Delivery) -> bytes:
        self._positions[delivery.room] = Position(delivery.epoch, delivery.offset)
        if delivery.is_snapshot:
            return event_block(JSON.encode(delivery), event="livedash.snapshot", event_id=self._cursor())
        if delivery.shape == "columns":
            event = None if self._only_room else delivery.room
            return event_block(JSON.encode(delivery), event=event, event_id=self._cursor())
        return self._records(delivery)

    def _records(self, delivery: Delivery) -> bytes:
        if self._only_room:
            return _single_room_text(delivery)
        room = delivery.room
        parts: list[bytes] = []
        for body, (offset, skipped) in zip(_bodies(delivery), delivery.with_skips(), strict=True):
            self._positions[room] = Position(delivery.epoch, offset)
            parts += [_skipped(room, skipped), event_block(body, event=room, event_id=self._cursor())]
        return b"".join(parts)

    def _cursor(self) -> str:
        return str(Cursor(self._positions))


def _skipped(room: str, skipped: int) -> bytes:
    """What was left out is told before the record that follows it; it has no id, so a cut here is no hole."""
    if not skipped:
        return b""
    data = _encode({"op": "skipped", "room": room, "skipped": skipped})
    return event_block(data, event="livedash.skipped")


def _bodies(delivery: Delivery) -> list[bytes]:
    """The records as JSON, once for all viewers."""
    cache = delivery.batch.cache
    bodies: list[bytes] | None = cache.get("sse-bodies")
    if bodies is None:
        bodies = cache["sse-bodies"] = [_encode(record) for record in delivery.batch.records()]
    return bodies


def _single_room_text(delivery: Delivery) -> bytes:
    """All viewers of just this room get the same bytes, ids included."""
    room, epoch = delivery.room, delivery.epoch
    key = ("sse-single", room, epoch, delivery.offset)
    is_shared = delivery.is_whole and not delivery.skipped
    text: bytes | None = delivery.batch.cache.get(key) if is_shared else None
    if text is None:
        text = b"".join(
            _skipped(room, skipped) + event_block(body, event_id=f"{room}:{epoch}-{offset}")
            for body, (offset, skipped) in zip(_bodies(delivery), delivery.with_skips(), strict=True)
        )
        if is_shared:
            delivery.batch.cache[key] = text
    return text
