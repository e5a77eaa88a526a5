"""Sinks over tornado's handlers: the bytes of an event stream and the frames of a WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler
from tornado.websocket import WebSocketClosedError

from livedash import limits
from livedash.server import tcp
from livedash.server.websocket_handler import WebSocketHandler
from livedash.wire.messages import ByeReason
from livedash.wire.sse import KEEP_ALIVE


class StreamSink:
    """A response that goes on; `ended` is done when the handler may finish it.

    `on_drained` and `on_gone` are set by the viewer's owner, here and in the other sink.
    """

    def __init__(self, handler: RequestHandler) -> None:
        self._handler = handler
        self.on_drained: Callable[[], None] = _nothing
        self.on_gone: Callable[[], None] = _nothing
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unflushed_bytes = 0
        self._flushing_bytes = 0
        self._is_ending = False
        tcp.bound_silence(tcp.stream_of(handler))
        tcp.send_at_once(tcp.stream_of(handler))

    @property
    def pending_bytes(self) -> int:
        return self._unflushed_bytes + self._flushing_bytes

    def send(self, data: bytes) -> None:
        self._unflushed_bytes += len(data)
        try:
            self._handler.write(data)
            if not self._flushing_bytes:
                self._flush()
        except (StreamClosedError, RuntimeError):  # closed, or finished by tornado because the peer has gone
            self._lose_peer()

    def ping(self) -> None:
        self.send(KEEP_ALIVE)

    def end(self, code: int, reason: ByeReason) -> None:
        self._is_ending = True
        if not self.pending_bytes:
            self.release()
        else:  # the viewer has left, and its deadlines with it
            given_up = asyncio.get_running_loop().call_later(limits.BLOCKED_WRITE_S, self.abort)
            self.ended.add_done_callback(lambda _: given_up.cancel())

    def abort(self) -> None:
        tcp.reset(tcp.stream_of(self._handler))
        self.release()

    @property
    def took_nothing(self) -> bool:
        """True if the system has ended the connection for that."""
        return tcp.was_given_up(tcp.stream_of(self._handler))

    def release(self) -> None:
        """Lets the handler go: all was taken, or the peer is gone. One that waited for ever would be left to the loop's end."""
        self._unflushed_bytes = self._flushing_bytes = 0
        if not self.ended.done():
            self.ended.set_result(None)

    def _flush(self) -> None:
        """One at a time: while two are under way, tornado forgets to tell the end of the first."""
        self._flushing_bytes, self._unflushed_bytes = self._unflushed_bytes, 0
        asyncio.ensure_future(self._handler.flush()).add_done_callback(self._on_flushed)

    def _on_flushed(self, done: asyncio.Future[None]) -> None:
        self._flushing_bytes = 0
        if done.cancelled() or done.exception() is not None:
            self._lose_peer()
        elif self._unflushed_bytes:
            self._flush()
        elif self._is_ending:
            self.release()
        else:
            self.on_drained()

    def _lose_peer(self) -> None:
        self.on_gone()
        self.release()


class WebSocketSink:
    """Frames of tornado's own WebSocket."""

    def __init__(self, handler: WebSocketHandler, is_binary: bool) -> None:
        self._handler = handler
        self._is_binary = is_binary
        self.pending_bytes = 0  # not handed to the socket yet
        self.on_drained: Callable[[], None] = _nothing
        self.on_gone: Callable[[], None] = _nothing

    def send(self, data: bytes) -> None:
        try:
            sent = self._handler.write_message(data if self._is_binary else data.decode(), binary=self._is_binary)
        except WebSocketClosedError:
            self.on_gone()
            return
        self.pending_bytes += len(data)
        sent.add_done_callback(lambda done: self._on_taken(done, len(data)))

    def ping(self) -> None:
        try:
            self._handler.ping(b"")
        except WebSocketClosedError:
            self.on_gone()

    def end(self, code: int, reason: ByeReason) -> None:
        self._handler.close(code, reason)

    def abort(self) -> None:
        self._handler.cut()

    def _on_taken(self, done: asyncio.Future[None], size: int) -> None:
        self.pending_bytes -= size
        if done.cancelled() or done.exception() is not None:
            self.on_gone()
        elif self.pending_bytes == 0:
            self.on_drained()


def _nothing() -> None:
    """Until a viewer is there."""
