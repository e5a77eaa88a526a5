"""A whole answer on its way to a peer that may take it slowly, or not at all."""

from __future__ import annotations

import contextlib
from typing import Final

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler

from livedash import limits
from livedash.server import tcp
from livedash.transports.viewer import Stage

_PIECE_BYTES: Final = limits.SEND_BUFFER_BYTES  # that the peer takes one is a sign of life


class Sending:
    """Counts among what waits for viewers, and is cut as too slow where its peer takes nothing for limits.BLOCKED_WRITE_S."""

    def __init__(self, stage: Stage, handler: RequestHandler, body: bytes) -> None:
        self._stage = stage
        self._handler = handler
        self._body = memoryview(body)
        self._moved_s = stage.clock_s()
        self._is_cut = False
        self.waiting_bytes = len(body)

    async def finish(self) -> None:
        """Ends the answer; headers and status are set. A peer that is gone, or was cut, is no error."""
        self._handler.set_header("Content-Length", str(len(self._body)))
        self._stage.backlog.enter(self)
        self._stage.backlog.change(self.waiting_bytes)
        self._stage.wheel.add(self)
        try:
            with contextlib.suppress(StreamClosedError):
                await self._send()
        finally:
            self._stage.wheel.remove(self)
            self._stage.backlog.leave(self)

    def tick(self, now_s: float) -> None:
        if now_s - self._moved_s >= limits.BLOCKED_WRITE_S:
            self.cut()

    # For the backlog

    def is_blocked(self, now_s: float) -> bool:
        return now_s - self._moved_s >= limits.SLOW_AFTER_S

    def note_waiting(self) -> None:
        """It is measured as it goes."""

    def cut(self) -> None:
        if not self._is_cut:
            self._is_cut = True
            self._stage.hub.ladder.disconnected += 1
            self._stage.backlog.leave(self)
            tcp.reset(tcp.stream_of(self._handler))

    async def _send(self) -> None:
        for start in range(0, len(self._body), _PIECE_BYTES):
            piece = bytes(self._body[start : start + _PIECE_BYTES])
            self._handler.write(piece)
            await self._handler.flush()
            self._moved_s = self._stage.clock_s()
            if not self._is_cut:
                self.waiting_bytes -= len(piece)
                self._stage.backlog.change(-len(piece))
        await self._handler.finish()
