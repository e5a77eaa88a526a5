"""A viewer of a hub without a transport: it takes what its session owes it when it is told to."""

from __future__ import annotations

from typing import Any

from livedash import limits
from livedash.core.grant import Grant, owner
from livedash.core.hub import Hub
from livedash.core.reading import Reading
from livedash.core.session import Session
from livedash.testing.clock import ManualClock
from livedash.wire.messages import Delivery, Gap, HubMessage, Mode, Notification, Shape
from livedash.wire.since import Start, start_from


class MemoryViewer:
    """Connected from when it is made until `disconnect`. `received` holds all that it took."""

    def __init__(self, hub: Hub, clock: ManualClock, grant: Grant | None = None) -> None:
        self._clock = clock
        self.pumps = 0
        self.received: list[HubMessage] = []
        self.session: Session = hub.open_session(grant or owner("viewer"), "", self._pump, clock.now_s())

    def read(
        self,
        room: str,
        since: str | Start = "now",
        *,
        shape: Shape = "records",
        mode: Mode = "all",
        max_hz: float | None = None,
        window: int = limits.SNAPSHOT_RECORDS,
    ) -> None:
        """Subscribes. Raises what Session.subscribe does."""
        start = start_from(since) if isinstance(since, str) else since
        self.session.subscribe(room, start, Reading(shape, mode, max_hz, window), self._clock.now_s())

    def take(self, max_bytes: int = limits.MESSAGE_BYTES) -> list[HubMessage]:
        """What is owed now: one take, as a transport with room for it does."""
        taken = list(self.session.take(self._clock.now_s(), max_bytes))
        self.received += taken
        return taken

    def take_all(self, max_bytes: int = limits.MESSAGE_BYTES) -> list[HubMessage]:
        """Takes until nothing more is owed now."""
        taken = self.take(max_bytes)
        while self.session.has_more():
            taken += self.take(max_bytes)
        return taken

    def disconnect(self) -> str:
        """Its cursor, to come back with."""
        cursor = str(self.session.cursor())
        self.session.close()
        return cursor

    def _pump(self) -> None:
        self.pumps += 1


def records_of(messages: list[HubMessage]) -> list[dict[str, Any]]:
    """The records that are not in snapshots."""
    return [
        record
        for message in messages
        if isinstance(message, Delivery) and not message.is_snapshot
        for record in message.batch.records()
    ]


def snapshots_of(messages: list[HubMessage]) -> list[list[dict[str, Any]]]:
    return [message.batch.records() for message in messages if isinstance(message, Delivery) and message.is_snapshot]


def gaps_of(messages: list[HubMessage]) -> list[Gap]:
    return [message for message in messages if isinstance(message, Gap)]


def notifications_of(messages: list[HubMessage]) -> list[Notification]:
    """All but records, snapshots and gaps."""
    return [message for message in messages if not isinstance(message, Delivery | Gap)]
