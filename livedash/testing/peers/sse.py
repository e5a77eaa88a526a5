"""A peer on an event stream: it understands what an EventSource and its last id would, and our own events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from livedash import limits
from livedash.core.grant import Grant, owner
from livedash.server.routes.reading import start_from_request
from livedash.testing.peers.contract import Began, Heard, Missed, Records, State, Wish, note_key
from livedash.testing.peers.line import StreamLine
from livedash.transports import sse
from livedash.transports.viewer import Stage, Viewer
from livedash.wire import names
from livedash.wire.codec import JSON
from livedash.wire.messages import Delivery
from livedash.wire.position import Cursor, Position
from livedash.wire.sse import Event, Parser

_VIEWER = owner("viewer")


class SsePeer:
    """Its cursor is the last id of the stream."""

    def __init__(self, stage: Stage, grant: Grant = _VIEWER) -> None:
        self.stage = stage
        self._grant = grant
        self._wishes: tuple[Wish, ...] = ()
        self.keys: dict[str, str] = {}
        self._last_id = ""
        self._skipped: dict[str, int] = {}
        self._line = StreamLine()
        self._viewer: Viewer | None = None
        self._parser = Parser()

    @property
    def is_open(self) -> bool:
        return self._viewer is not None and not self._line.is_ended

    @property
    def cursor(self) -> str:
        return self._last_id

    def open(self, wishes: Sequence[Wish]) -> None:
        self.cut()
        self._wishes = tuple(wishes)
        self._parser, self._skipped = Parser(), {}
        rooms = tuple(wish.room for wish in wishes)
        framing = sse.EventFraming(rooms, limits.RETRY_MS)
        viewer = self._viewer = Viewer(self.stage, self._grant, self._line, framing, sse.liveness())
        self._line.on_drained = viewer.on_drained
        for wish in wishes:
            since = start_from_request(self._last_id, wish.since)
            viewer.session.subscribe(wish.room, since, wish.reading(), self.stage.clock_s())
        self._line.send(framing.begin(viewer.session))

    def wish(self, wishes: Sequence[Wish]) -> None:
        """A stream can't be asked for anything else: another one takes its place."""
        self.open(wishes)

    def carry(self, share: float) -> list[Heard]:
        heard: list[Heard] = []
        for event in self._parser.feed(self._line.take_bytes(share)):
            self._last_id = event.event_id or self._last_id
            heard += self._understood(event)
        return heard

    def cut(self) -> None:
        if self._viewer is not None:
            self._viewer.on_gone()
        self._viewer = None
        self._line = StreamLine()

    def forge(self, cursor: str) -> None:
        self._last_id = cursor

    def _understood(self, event: Event) -> Iterator[Heard]:
        data: Any = json.loads(event.data)
        match event.event:
            case "livedash.start":
                self.keys = data.get("keys", {})
                for room, position in _positions(data["cursor"]).items():
                    yield Began(room, position)
            case "livedash.gap":
                yield Missed(data["room"], data["reason"], data.get("from"), data.get("to"))
            case "livedash.snapshot":
                yield _delivered(event.data)
            case "livedash.skipped":
                self._skipped[data["room"]] = data["skipped"]
            case "livedash.keyed":
                note_key(self.keys, data["room"], data.get("key"))
            case "livedash.notice" | "livedash.failing" | "livedash.degraded" | "livedash.bye":
                return
            case _:
                yield self._records(event, data)

    def _records(self, event: Event, data: Any) -> Heard:
        first = self._wishes[0]
        if first.shape == "columns":
            return _delivered(event.data)
        is_plain = len(self._wishes) == 1 and not names.is_glob(first.room)
        assert (event.event == "message") == is_plain
        room = first.room if is_plain else event.event
        return Records(room, _positions(event.event_id)[room], [data], self._skipped.pop(room, 0))


def _delivered(data: str) -> Records | State:
    message = JSON.decode_from_hub(data)
    assert isinstance(message, Delivery)
    position, records = Position(message.epoch, message.offset), message.batch.records()
    if message.is_snapshot:
        return State(message.room, position, records)
    return Records(message.room, position, records, message.skipped)


def _positions(cursor: str) -> dict[str, Position]:
    return dict(Cursor.parse(cursor).positions) if cursor else {}
