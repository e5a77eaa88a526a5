"""A room in Python's hands: push to it, read it back, empty it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livedash import limits
from livedash.client.contract import RoomState
from livedash.client.listing import Listing
from livedash.client.process import Process
from livedash.errors import NotFoundError
from livedash.wire.batch import EMPTY, Batch
from livedash.wire.messages import ViewerInfo
from livedash.wire.names import checked_room
from livedash.wire.position import START, Position

if TYPE_CHECKING:
    import pandas as pd


class Room:
    """A room by its name. It exists from its first record or settings; before, it holds nothing and its position is
    `0-0`.

    Reading waits until the hub has what this process pushed before, 2 s at most, so that a line finds what the line
    above it pushed. Raises UnreachableError where the hub does not answer.
    """

    def __init__(self, name: str, process: Process) -> None:
        self.name = checked_room(name)
        self._process = process

    def __repr__(self) -> str:
        return f"<livedash room {self.name!r}>"

    def push(self, record: Any = None, /, **fields: Any) -> None:
        """As `ld.push`."""
        self._process.publisher.push(self.name, record, **fields)

    def latest(self) -> dict[str, Any] | None:
        """The record that was pushed last, None before the first. Of each key: `records(since="snapshot")`."""
        records = self._read("-1", 1).records()
        return records[0] if records else None

    def records(self, *, since: str = "earliest", limit: int = limits.READ_LIMIT) -> list[dict[str, Any]]:
        """Records of history, the oldest first; `since`: earliest, -100 (the last 100), snapshot or a cursor.

        `snapshot` of a room with a `key` is the latest record of each key.
        """
        return self._read(since, limit).records()

    def to_pandas(self, *, since: str = "earliest", limit: int = limits.READ_LIMIT_MAX) -> pd.DataFrame:
        """History as a DataFrame, types as they were pushed."""
        from livedash.wire.frames import to_pandas

        return to_pandas(self._read(since, limit))

    def configure(self, **settings: Any) -> RoomState:
        """Sets history_records, history_bytes, history_age (seconds) or key (before the first record only).

        A hub that begins anew has them again once this process has published there.
        """
        state = self._process.hub().access.configure(self.name, settings)
        self._process.publisher.note_settings(self.name, state.settings)
        return state

    def clear(self) -> Position:
        """Empties the room and begins a new epoch; viewers are told. Raises NotFoundError where there is no room."""
        deliver(self._process)
        return self._process.hub().access.clear(self.name)

    def delete(self) -> None:
        """Removes the room. Raises NotFoundError where there is none."""
        deliver(self._process)
        self._process.hub().access.delete(self.name)

    @property
    def state(self) -> RoomState | None:
        """What the hub holds of it, who views it, and its settings; None before the first record or settings."""
        deliver(self._process)
        try:
            return self._process.hub().access.state(self.name)
        except NotFoundError:
            return None

    def viewers(self) -> list[ViewerInfo]:
        """Who reads it now, over all transports: an id, a label (a link's, or a login's name) and since when, in seconds
        since 1970.
        """
        return self._process.hub().access.viewers(self.name)

    @property
    def position(self) -> Position:
        """Of the last record; `0-0` before the first."""
        state = self.state
        return state.position if state else START

    def _read(self, since: str, limit: int) -> Batch:
        deliver(self._process)
        try:
            return self._process.hub().access.read(self.name, since, limit).batch
        except NotFoundError:
            return EMPTY


def deliver(process: Process) -> None:
    """A reader finds what the same process pushed a line before."""
    process.publisher.flush(limits.FLUSH_AT_EXIT_KERNEL_S)


def list_of_rooms(states: list[RoomState]) -> Listing[RoomState]:
    return Listing(
        sorted(states, key=lambda state: state.name),
        {
            "room": lambda state: state.name,
            "records": lambda state: f"{state.offset:,}",
            "held": lambda state: f"{state.records:,}",
            "viewers": lambda state: state.viewers,
            "position": lambda state: state.position,
        },
        "there is no room yet; it begins with its first record",
    )
