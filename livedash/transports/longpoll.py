"""Long-poll: one answer with all that came since a cursor; stateless, so that any node can give the next one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from livedash import limits
from livedash.core.session import Session
from livedash.wire.codec import JSON
from livedash.wire.messages import Degraded, Delivery, Failing, Gap

_encode = msgspec.json.Encoder().encode


class Answer:
    """Gathers messages until the answer is given. `shape` says in which of its two forms."""

    def __init__(self, shape: str) -> None:
        self._shape = shape
        self._messages: list[Delivery | Gap] = []
        # Neither is a reason to answer: it would be one again in the next request.
        self._failing: dict[str, dict[str, str]] = {}
        self._degraded: str | None = None

    def __bool__(self) -> bool:
        return bool(self._messages)

    def take(self, session: Session, now_s: float) -> bool:
        """Takes what is there, up to about an outbox, and of each room once; True if that is something to answer with."""
        size = 0
        while True:
            taken = list(self._taken(session, now_s, max(1, min(limits.MESSAGE_BYTES, limits.OUTBOX_BYTES - size))))
            self._messages += taken
            size += sum(message.batch.nbytes for message in taken if isinstance(message, Delivery))
            if session.is_amid_rooms:
                continue
            if not taken or size >= limits.OUTBOX_BYTES or not session.has_more():
                return bool(self)

    def _taken(self, session: Session, now_s: float, max_bytes: int) -> Iterator[Delivery | Gap]:
        for message in session.take(now_s, max_bytes):
            match message:
                case Delivery() | Gap():
                    yield message
                case Failing(room, sources):
                    self._failing[room] = sources
                case Degraded(reason):
                    self._degraded = reason

    def body(self, session: Session) -> bytes:
        """JSON, with the cursor of the next request."""
        end: dict[str, Any] = {"cursor": str(session.cursor())}
        if keys := session.keys():
            end["keys"] = keys
        if self._failing:
            end["failing"] = self._failing
        if self._degraded is not None:
            end["degraded"] = self._degraded
        if self._shape == "columns":
            parts = [msgspec.Raw(JSON.encode(message)) for message in self._messages]
            return _encode({"messages": parts} | end)
        return _encode(self._records_form() | end)

    def _records_form(self) -> dict[str, Any]:
        form: dict[str, dict[str, Any]] = {"records": {}, "gaps": {}, "snapshots": {}}
        for message in self._messages:
            if isinstance(message, Gap):
                form["gaps"][message.room] = message
            elif message.is_snapshot:
                form["snapshots"][message.room] = message.batch.records()
            else:
                form["records"].setdefault(message.room, []).extend(message.batch.records())
                if message.skipped:
                    skipped = form.setdefault("skipped", {})
                    skipped[message.room] = skipped.get(message.room, 0) + message.skipped
        return form
