"""A room's records: publish, and read history."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from livedash import clock, limits
from livedash.core.hub import Hub
from livedash.errors import LivedashError, ProtocolError, SettingRefusedError, TooLargeError
from livedash.server.history_formats import FORMATS, Page
from livedash.server.routes.route import Route
from livedash.transports.ingest import batch_of_records
from livedash.wire.batch import Batch
from livedash.wire.names import checked_room
from livedash.wire.position import START, Position
from livedash.wire.since import After, BadCursor, Earliest, Last, Now, parse_since

_NDJSON = "application/x-ndjson"


class Records(Route):
    """`rooms/{room}/records`"""

    def post(self, name: str) -> None:
        self.grant.check_write(checked_room(name))
        if len(self.request.body) > limits.PUBLISH_BODY_BYTES:
            raise TooLargeError(
                f"a publish has {limits.PUBLISH_BODY_BYTES} bytes at most; this one has {len(self.request.body)}: split it"
            )
        position = self._publish_once(name)
        self.answer({"epoch": position.epoch, "offset": position.offset})

    def get(self, name: str) -> None:
        self.grant.check_read(checked_room(name))
        read = FORMATS.get(self.get_query_argument("format", "json"))
        if read is None:
            raise SettingRefusedError(f"format is one of {', '.join(FORMATS)}")
        page = read_page(self.services.hub, name, self.get_query_argument("since", "earliest"), self._limit())
        with_time = self.get_query_argument("time", "0") not in ("0", "", "false")
        content_type, body = read(page, with_time)
        self.set_header("Content-Type", content_type)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Livedash-Epoch", page.position.epoch)
        self.set_header("Livedash-Offset", str(page.position.offset))
        self.set_header("Livedash-First", str(page.first))
        self.finish(body)

    def _publish_once(self, name: str) -> Position:
        """With an Idempotency-Key, a repeated body gets the first answer again."""
        hub, body = self.services.hub, self.request.body
        key = self.request.headers.get("Idempotency-Key")
        caller, digest, now_s = self.grant.principal, hashlib.sha256(body).digest(), clock.monotonic_s()
        if key is not None:
            known = hub.idempotency.answer(name, caller, key, digest, now_s)
            if known is not None:
                return known
        now_us = clock.now_us()
        batch = batch_of_records(records_of_body(body, self._media_type()), now_us)
        position = hub.publish(name, batch, now_us, self.services.stage.clock_s())
        if key is not None:
            hub.idempotency.remember(name, caller, key, digest, position, now_s)
        return position

    def _media_type(self) -> str:
        return self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def _limit(self) -> int:
        text = self.get_query_argument("limit", str(limits.READ_LIMIT))
        if not text.isdigit() or not 1 <= int(text) <= limits.READ_LIMIT_MAX:
            raise SettingRefusedError(f"limit={text[:20]!r} is out of range; use 1 to {limits.READ_LIMIT_MAX}")
        return int(text)


def records_of_body(body: bytes, media_type: str) -> list[Any]:
    """One JSON object, a JSON array or NDJSON. Raises ProtocolError."""
    if media_type == _NDJSON:
        lines = [line for line in body.splitlines() if line.strip()]
        return [_json(line, f"line {number}") for number, line in enumerate(lines, 1)]
    content = _json(body, "the body")
    return content if isinstance(content, list) else [content]


def _json(text: bytes, where: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(
            f"{where} is no JSON: {error}; send one object, an array, or NDJSON as {_NDJSON}"
        ) from error


def read_page(hub: Hub, name: str, since: str, limit: int) -> Page:
    """History from `since` on, `limit` records at most.

    Raises NotFoundError for a room that does not exist, SettingRefusedError or CursorRefusedError for `since`.
    """
    room = hub.room(name)
    history = room.history
    after = _offset_after(since, name, room.position, history.first - 1, limit)
    parts: list[Batch] = []
    count, offset = 0, after
    while count < limit and (stored := history.read(offset, limits.MESSAGE_BYTES)):
        for part in stored:
            if count < limit:
                parts.append(part.batch.slice(0, limit - count))
                count += parts[-1].count
        offset = after + count
    return Page(name, Position(room.epoch, after + count), after + 1, Batch.concat(parts) if parts else None, room)


def _offset_after(since: str, name: str, top: Position, before_first: int, limit: int) -> int:
    match parse_since(since, name):
        case Earliest():
            return before_first
        case Last(count):
            return max(before_first, top.offset - count)
        case Now():
            return top.offset
        case After(position) if position == START:
            return before_first
        case After(position):
            return _resumed(position, name, top, before_first)
        case BadCursor():
            raise ProtocolError(f"since={since[:60]!r} is no cursor; a cursor looks like '{name}:{top}'")
        case _:
            return max(before_first, top.offset - limit)


class GoneError(LivedashError):
    """What follows a cursor is not in history any more; the message says what to do."""

    code = "gap"
    status = 410


def _resumed(position: Position, name: str, top: Position, before_first: int) -> int:
    if position.epoch != top.epoch or position.offset > top.offset or position.offset < before_first:
        raise GoneError(
            f"room {name!r} can't go on from {position}: it holds {top.epoch}-{before_first + 1} to {top}; "
            "read again from since=earliest"
        )
    return position.offset
