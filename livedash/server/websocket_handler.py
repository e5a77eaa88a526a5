"""Tornado's WebSocket, held to RFC 6455 where tornado is lax: a peer that does wrong is told so by a close code.

By itself tornado hangs up without a word on a broken frame, echoes close codes that nobody may send, and takes frames
without a mask. What is overridden here is only where it decides so.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Any, Final

from tornado import websocket
from tornado.iostream import SSLIOStream, StreamClosedError

from livedash.server import tcp

# RFC 6455 7.4.1
GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
INVALID_DATA: Final = 1007
TOO_BIG: Final = 1009
INTERNAL_ERROR: Final = 1011

_FAILURES: Final = frozenset({PROTOCOL_ERROR, INVALID_DATA, TOO_BIG, INTERNAL_ERROR})
# 7.4.1, and IANA's registry for 1012 to 1014; 1004 is reserved, and 1005, 1006 and 1015 never stand in a frame
_SENDABLE: Final = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})
_FOR_ALL: Final = range(3000, 5000)  # 7.4.2: libraries and applications
_CODE_BYTES: Final = 2
_CLOSE: Final = 0x8
_MASKED: Final = 0x80
_DISCARD_BYTES: Final = 64 * 1024


def fault_of_close(payload: bytes) -> int | None:
    """The code that answers a close frame which nobody may send, None for one that is right (RFC 6455 5.5.1, 7.4)."""
    if not payload:
        return None
    code = int.from_bytes(payload[:_CODE_BYTES])
    if len(payload) < _CODE_BYTES or not (code in _SENDABLE or code in _FOR_ALL):
        return PROTOCOL_ERROR
    try:
        payload[_CODE_BYTES:].decode()
    except UnicodeDecodeError:
        return INVALID_DATA
    return None


def _code_of(error: BaseException | None) -> int:
    """Why tornado gives up a connection: it does so in the handling of `error`, or because a frame breaks the rules."""
    match error:
        case None:
            return PROTOCOL_ERROR
        case UnicodeDecodeError():
            return INVALID_DATA
        case asyncio.CancelledError():
            return GOING_AWAY
        case _:
            return INTERNAL_ERROR


class _Protocol(websocket.WebSocketProtocol13):
    """A connection that fails is told the reason, read to its end, and then closed (RFC 6455 7.1.7)."""

    _has_failed = False  # the close frame is out, and nothing that comes is looked at any more
    _is_at_header = False

    async def accept_connection(self, handler: websocket.WebSocketHandler) -> None:
        """The whole life of a connection."""
        await super().accept_connection(handler)
        if self._has_failed:
            await self._hang_up()

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        if code in _FAILURES and not self.is_closing():
            self._has_failed = not isinstance(self.stream, SSLIOStream)  # whose socket can't be shut one way
        super().close(code, reason)

    def cut(self) -> None:
        """Closes at once: the peer takes no close frame any more."""
        self._has_failed = False
        tcp.reset(self.stream)
        self._abort()

    def _abort(self) -> None:
        """Tornado calls it for all that a peer does wrong, and when a callback of ours has failed."""
        if not self.is_closing():
            self.close(_code_of(sys.exception()))
        if self._has_failed:
            self.client_terminated = True  # ends the loop that reads frames
        else:
            super()._abort()

    async def _receive_frame(self) -> None:
        self._is_at_header = True
        await super()._receive_frame()

    async def _read_bytes(self, n: int) -> bytes:
        data = await super()._read_bytes(n)
        if self._is_at_header:
            self._is_at_header = False
            if not data[1] & _MASKED:  # 5.1: a server must not take it; with a reserved bit, tornado does not
                return bytes((data[0] | self.RSV_MASK, data[1]))
        return data

    def _handle_message(self, opcode: int, data: bytes) -> asyncio.Future[None] | None:
        fault = fault_of_close(data) if opcode == _CLOSE else None
        if fault is None:
            return super()._handle_message(opcode, data)
        self.close(fault)
        self._abort()
        return None

    async def _hang_up(self) -> None:
        """7.1.1: our end is shut, and what still comes is thrown away until the peer has shut its own.

        Closing over bytes that nobody has read makes TCP reset the connection, and the close frame is lost with it. Tornado's
        timer, set by `close`, ends the wait.
        """
        self._has_failed = False
        try:
            await self.stream.write(b"")  # done when all before it is out
            self.stream.socket.shutdown(socket.SHUT_WR)
            while True:
                await self.stream.read_bytes(_DISCARD_BYTES, partial=True)
                await asyncio.sleep(0)  # what lies there already is read without a pause
        except (StreamClosedError, OSError):
            self._abort()


class WebSocketHandler(websocket.WebSocketHandler):
    """To be derived from in place of tornado's."""

    _protocol: _Protocol | None = None  # tornado's own reference to it is gone after `close`

    def get_websocket_protocol(self) -> websocket.WebSocketProtocol | None:
        tornados: Any = super().get_websocket_protocol()
        self._protocol = None if tornados is None else _Protocol(self, False, tornados.params)
        return self._protocol

    def cut(self) -> None:
        """Closes at once, without a word; a close frame would wait behind what the peer does not take."""
        if self._protocol is not None:
            self._protocol.cut()
