"""Sinks over tornado's handlers: the bytes of an event stream and the frames of a WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from livedash.wire.messages import ByeReason
from livedash.wire.sse import KEEP_ALIVE


class _CountingSink:
    """Counts what tornado has not handed to the socket yet. `on_drained` and `on_gone` are set by the viewer's owner."""

    def __init__(self) -> None:
        self.pending_bytes = 0
        self.on_drained: Callable[[], None] = _nothing
        self.on_gone: Callable[[], None] = _nothing

    def _track(self, sent: asyncio.Future[None], size: int) -> None:
        self.pending_bytes += size

        def taken(done: asyncio.Future[None]) -> None:
            self.pending_bytes -= size
            if done.cancelled() or done.exception() is not None:
                self.on_gone()
            elif self.pending_bytes == 0:
                self.on_drained()

        sent.add_done_callback(taken)


class StreamSink(_CountingSink):
    """A response that goes on; `ended` is done when the handler may finish it."""

    def __init__(self, handler: RequestHandler) -> None:
        super().__init__()
        self._handler = handler
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def send(self, data: bytes) -> None:
        try:
            self._handler.write(data)
            sent = asyncio.ensure_future(self._handler.flush())
        except (StreamClosedError, RuntimeError):  # closed, or finished by tornado because the peer has gone
            self.on_gone()
            return
        self._track(sent, len(data))

    def ping(self) -> None:
        self.send(KEEP_ALIVE)

    def end(self, code: int, reason: ByeReason) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def abort(self) -> None:
        stream = getattr(self._handler.request.connection, "stream", None)
        if stream is not None:
            stream.close()
        self.end(0, "slow")


class WebSocketSink(_CountingSink):
    """Frames of tornado's own WebSocket."""

    def __init__(self, handler: WebSocketHandler, is_binary: bool) -> None:
        super().__init__()
        self._handler = handler
        self._is_binary = is_binary

    def send(self, data: bytes) -> None:
        try:
            sent = self._handler.write_message(data if self._is_binary else data.decode(), binary=self._is_binary)
        except WebSocketClosedError:
            self.on_gone()
            return
        self._track(sent, len(data))

    def ping(self) -> None:
        try:
            self._handler.ping(b"")
        except WebSocketClosedError:
            self.on_gone()

    def end(self, code: int, reason: ByeReason) -> None:
        self._handler.close(code, reason)

    def abort(self) -> None:
        connection = self._handler.ws_connection
        if connection is not None:
            connection._abort()  # noqa: SLF001  # tornado has no public way to cut a peer that takes no close frame


def _nothing() -> None:
    """Until a viewer is there."""
