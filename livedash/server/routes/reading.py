"""What a reader asks for in a query: rooms, where to start, shape, mode, rate."""

from __future__ import annotations

from livedash import limits
from livedash.core.reading import Reading
from livedash.core.session import Session
from livedash.errors import SettingRefusedError, TooLargeError
from livedash.server.routes.query import number, whole_number
from livedash.server.routes.route import Route
from livedash.transports.conversation import reading_of
from livedash.wire import names
from livedash.wire.position import START
from livedash.wire.since import After, Snapshot, Start, start_from


class ReadingRoute(Route):
    """`feed` and `poll`."""

    is_viewed = True

    def rooms_asked(self) -> tuple[str, ...]:
        """Names and globs, each checked and granted; without `room`, all rooms of the link."""
        rooms = tuple(dict.fromkeys(self.get_query_arguments("room")))
        if not rooms and self.grant.link_id is not None:
            rooms = self.grant.read
        if not rooms:
            raise SettingRefusedError("say which room to read: ?room=train (several times, or a glob such as lab3.*)")
        if len(rooms) > limits.FEED_ROOMS:
            raise TooLargeError(
                f"a feed reads {limits.FEED_ROOMS} rooms at most, not {len(rooms)}; use a glob or the WebSocket"
            )
        for room in rooms:
            names.checked_glob(room)
            if room != names.ALL:
                self.grant.check_read(room)
        return rooms

    def reading_asked(self) -> Reading:
        return reading_of(
            self.get_query_argument("shape", "records"),
            self.get_query_argument("mode", "all"),
            number(self.get_query_argument("max_hz", ""), "max_hz"),
            whole_number(self.get_query_argument("window", ""), "window"),
        )

    def keep_alive_asked(self) -> float:
        """Seconds between two signs of life on a quiet stream. Raises SettingRefusedError out of range."""
        keep_alive_s = number(self.get_query_argument("keep_alive", ""), "keep_alive")
        if keep_alive_s is None:
            return limits.KEEP_ALIVE_S
        if not limits.KEEP_ALIVE_MIN_S <= keep_alive_s <= limits.KEEP_ALIVE_S:
            raise SettingRefusedError(
                f"keep_alive={keep_alive_s:g} is out of range; "
                f"use {limits.KEEP_ALIVE_MIN_S:g} to {limits.KEEP_ALIVE_S:g} seconds"
            )
        return keep_alive_s

    def since_asked(self) -> Start:
        """Last-Event-ID beats `cursor` beats `since`."""
        cursor = self.request.headers.get("Last-Event-ID") or self.get_query_argument("cursor", "")
        if cursor:
            _check_size(cursor)
        return start_from_request(cursor, self.get_query_argument("since", "now"))

    def subscribe(self, session: Session, rooms: tuple[str, ...]) -> None:
        reading, since = self.reading_asked(), self.since_asked()
        for room in rooms:
            session.subscribe(room, since, reading, self.services.stage.clock_s())
        _check_size(str(session.cursor()))


def start_from_request(cursor: str, since: str) -> Start:
    """A cursor counts more than `since`, which then only says how to read a room that the cursor does not name.

    Raises SettingRefusedError for a `since` that is neither a word nor a cursor.
    """
    if not cursor:
        return start_from(since)
    return Start(Snapshot() if since == "snapshot" else After(START), cursor)


def _check_size(cursor: str) -> None:
    """Refused before a stream begins: it could not come back, and would be told a gap again and again."""
    if len(cursor) > limits.CURSOR_BYTES:
        raise TooLargeError(
            f"a cursor of a feed or poll has {limits.CURSOR_BYTES} bytes at most, and this one has {len(cursor)}: "
            "ask for fewer rooms, or read them over the WebSocket"
        )
