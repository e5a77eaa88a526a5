"""A peer that polls: each request goes on from the cursor of the answer before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from livedash.core.grant import Grant, owner
from livedash.core.session import Session
from livedash.server.routes.reading import start_from_request
from livedash.testing.peers.contract import Began, Heard, Missed, Records, State, Wish
from livedash.transports.longpoll import Answer
from livedash.transports.viewer import Stage
from livedash.wire.codec import JSON
from livedash.wire.messages import Delivery, Gap
from livedash.wire.position import Cursor, Position

_VIEWER = owner("viewer")


class PollPeer:
    """Its cursor is that of the last answer which came whole."""

    def __init__(self, stage: Stage, grant: Grant = _VIEWER) -> None:
        self.stage = stage
        self._grant = grant
        self._wishes: tuple[Wish, ...] = ()
        self.keys: dict[str, str] = {}
        self._cursor = ""
        self._session: Session | None = None
        self._answer = Answer("records")

    @property
    def is_open(self) -> bool:
        return self._session is not None

    @property
    def cursor(self) -> str:
        return self._cursor

    def open(self, wishes: Sequence[Wish]) -> None:
        self.cut()
        self._wishes = tuple(wishes)
        stage = self.stage
        rooms = tuple(wish.room for wish in wishes)
        now_s = stage.wall_clock_s()
        session = self._session = stage.hub.open_session(self._grant, "", self._take, now_s, polls=rooms)
        self._answer = Answer(wishes[0].shape)
        for wish in wishes:
            since = start_from_request(self._cursor, wish.since)
            session.subscribe(wish.room, since, wish.reading(), stage.clock_s())

    def wish(self, wishes: Sequence[Wish]) -> None:
        """The next request asks for them."""
        self.open(wishes)

    def carry(self, share: float) -> list[Heard]:
        """The answer, if there is something to tell or (1.0) the time is over; the next request follows at once."""
        if self._session is None:
            return []
        self._take()
        if not self._answer and share < 1.0:
            return []
        body = json.loads(self._answer.body(self._session))
        heard = list(self._understood(body))
        self._cursor = body["cursor"]
        self.open(self._wishes)
        return heard

    def cut(self) -> None:
        """What the hub had gathered for the answer is lost with it."""
        if self._session is not None:
            self._session.close()
        self._session = None

    def forge(self, cursor: str) -> None:
        self._cursor = cursor

    def _take(self) -> None:
        """As the route: it waits for more only as long as there is nothing to tell."""
        if self._session is not None and not self._answer:
            self._answer.take(self._session, self.stage.clock_s())

    def _understood(self, body: dict[str, Any]) -> Iterator[Heard]:
        self.keys = body.get("keys", {})
        positions = Cursor.parse(body["cursor"]).positions if body["cursor"] else {}
        if self._wishes[0].shape == "columns":
            yield from map(_told, body["messages"])
        else:
            yield from _of_records_form(body, dict(positions))
        for room, position in positions.items():
            yield Began(room, position)


def _of_records_form(body: dict[str, Any], positions: dict[str, Position]) -> Iterator[Heard]:
    for room, gap in body["gaps"].items():
        yield Missed(room, gap["reason"], gap.get("from"), gap.get("to"))
    for room, records in body["snapshots"].items():
        after = len(body["records"].get(room, ())) + body.get("skipped", {}).get(room, 0)
        yield State(room, Position(positions[room].epoch, positions[room].offset - after), records)
    for room, records in body["records"].items():
        yield Records(room, positions[room], records, body.get("skipped", {}).get(room, 0))


def _told(fields: dict[str, Any]) -> Heard:
    message = JSON.decode_from_hub(json.dumps(fields))
    if isinstance(message, Gap):
        return Missed(message.room, message.reason, message.start, message.stop)
    assert isinstance(message, Delivery)
    position, records = Position(message.epoch, message.offset), message.batch.records()
    if message.is_snapshot:
        return State(message.room, position, records)
    return Records(message.room, position, records, message.skipped)
