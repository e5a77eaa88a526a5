"""A room's records: publish, and read history."""

from __future__ import annotations

import asyncio
import hashlib
import re
from functools import partial
from typing import Any

import msgspec
from tornado.web import stream_request_body

from livedash import clock, limits
from livedash.core.changes import Append
from livedash.core.page import Page, read_page
from livedash.core.publishers import Request
from livedash.errors import ProtocolError, SettingRefusedError, TooLargeError
from livedash.server.history_formats import FORMATS, Format
from livedash.server.routes.query import whole_number
from livedash.server.routes.route import Route
from livedash.server.sending import Sending
from livedash.server.services import Services
from livedash.transports.ingest import batch_of_records
from livedash.wire.batch import Batch
from livedash.wire.names import checked_room

_NDJSON = "application/x-ndjson"
_LENGTH = re.compile(r"[0-9]{1,18}")


@stream_request_body
class Records(Route):
    """`rooms/{room}/records`. A body is read once its caller is known, and given up where it is too large."""

    def initialize(self, services: Services) -> None:
        super().initialize(services)
        self._body = bytearray()
        self._received_bytes = 0

    async def prepare(self) -> None:
        await super().prepare()
        if self.request.method == "POST" and not self._finished:
            announced = self.request.headers.get("Content-Length", "")
            announced_bytes = int(announced) if _LENGTH.fullmatch(announced) else 0  # tornado refuses what is none
            connection: Any = self.request.connection
            # what is too large is read to its end and forgotten: who is cut off while sending hears no answer
            connection.set_max_body_size(max(announced_bytes, 2 * self._bound_bytes))
            self._check_size(announced_bytes)

    def data_received(self, chunk: bytes) -> None:
        self._received_bytes += len(chunk)
        if self._received_bytes <= self._bound_bytes:
            self._body += chunk

    async def post(self, name: str) -> None:
        """With an Idempotency-Key, a repeated body gets the first answer again."""
        self.grant.check_write(checked_room(name))
        self._check_size(self._received_bytes)
        body, key = bytes(self._body), self.request.headers.get("Idempotency-Key")
        request = None if key is None else Request(self.grant.principal, key, hashlib.sha256(body).digest())
        batch = await self._batch(body)
        change = Append(name, batch, request=request)
        self.services.stage.pay(self.grant.caller, change)
        position = await self.services.append(change)
        self.answer({"epoch": position.epoch, "offset": position.offset})

    async def get(self, name: str) -> None:
        self.grant.check_read(checked_room(name))
        read = FORMATS.get(self.get_query_argument("format", "json"))
        if read is None:
            raise SettingRefusedError(f"format is one of {', '.join(FORMATS)}")
        page = read_page(self.services.hub, name, self.get_query_argument("since", "earliest"), self._limit())
        with_time = self.get_query_argument("time", "0") not in ("0", "", "false")
        content_type, body = await self._read(read, page, with_time)
        self.set_header("Content-Type", content_type)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Livedash-Epoch", page.position.epoch)
        self.set_header("Livedash-Offset", str(page.position.offset))
        self.set_header("Livedash-First", str(page.first))
        await Sending(self.services.stage, self, body).finish()

    async def _batch(self, body: bytes) -> Batch:
        """Of a large body in a thread, since the largest takes seconds. Raises as records_of_body and batch_of_records do."""
        make = partial(_batch_of_body, body, self._media_type(), clock.now_us(), self.services.config.record_bytes)
        if len(body) <= limits.PUBLISH_AT_ONCE_BYTES:
            return make()
        async with self.services.long_work:
            return await asyncio.to_thread(make)

    async def _read(self, read: Format, page: Page, with_time: bool) -> tuple[str, bytes]:
        """Long pages in a thread, since a million records take seconds; one after the other, since they take memory."""
        if page.batch.count <= limits.READ_AT_ONCE_RECORDS:
            return read(page, with_time)
        async with self.services.long_work:
            return await asyncio.to_thread(read, page, with_time)

    @property
    def _bound_bytes(self) -> int:
        return min(self.services.config.publish_body_bytes, limits.PUBLISH_BODY_BYTES)

    def _check_size(self, size: int) -> None:
        if size > self._bound_bytes:
            raise TooLargeError(
                f"a publish has {self._bound_bytes} bytes at most; this one has {size} or more: split it"
            )

    def _media_type(self) -> str:
        return self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def _limit(self) -> int:
        limit = whole_number(self.get_query_argument("limit", ""), "limit")
        if limit is not None and not 1 <= limit <= limits.READ_LIMIT_MAX:
            raise SettingRefusedError(f"limit={limit} is out of range; use 1 to {limits.READ_LIMIT_MAX}")
        return limits.READ_LIMIT if limit is None else limit


def _batch_of_body(body: bytes, media_type: str, now_us: int, record_bytes: int) -> Batch:
    return batch_of_records(records_of_body(body, media_type), now_us, record_bytes=record_bytes)


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
