"""A room's records: publish, and read history."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from livedash import clock, limits
from livedash.core.page import read_page
from livedash.errors import ProtocolError, SettingRefusedError, TooLargeError
from livedash.server.history_formats import FORMATS
from livedash.server.routes.query import whole_number
from livedash.server.routes.route import Route
from livedash.transports.ingest import batch_of_records
from livedash.wire.names import checked_room
from livedash.wire.position import Position

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
        limit = whole_number(self.get_query_argument("limit", ""), "limit")
        if limit is not None and not 1 <= limit <= limits.READ_LIMIT_MAX:
            raise SettingRefusedError(f"limit={limit} is out of range; use 1 to {limits.READ_LIMIT_MAX}")
        return limits.READ_LIMIT if limit is None else limit


def records_of_body(body: bytes, media_type: str) -> list[Any]:
    """One JSON object, a JSON array or NDJSON. Raises ProtocolError."""
    if media_type == _NDJSON:
        lines = enumerate(body.splitlines(), 1)
        return [_json(line, f"line {number}") for number, line in lines if line.strip()]
    content = _json(body, "the body")
    return content if isinstance(content, list) else [content]


def _json(text: bytes, where: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(
            f"{where} is no JSON: {error}; send one object, an array, or NDJSON as {_NDJSON}"
        ) from error
