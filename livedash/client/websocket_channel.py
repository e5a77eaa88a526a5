"""A hub's WebSocket as this process's end of it: livedash.v1.msgpack over TCP, TLS or a UNIX socket."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any, Final
from urllib.parse import urlencode

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.netutil import Resolver
from tornado.platform.asyncio import AsyncIOLoop
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

from livedash import limits
from livedash.client.contract import Channel
from livedash.client.endpoint import Endpoint
from livedash.client.http import Answer, error_of
from livedash.errors import UnreachableError

_SUBPROTOCOL: Final = "livedash.v1.msgpack"
_TORNADO_LOOP: Final = (
    AsyncIOLoop  # tornado imports it when it first connects: a fork at that moment would get half of it
)


class _DirectResolver(Resolver):
    """Resolves on the loop's own thread: at interpreter exit, when the last records are flushed, no executor runs any
    more.
    """

    def initialize(self, socket_path: str | None = None) -> None:
        self._socket_path = socket_path

    async def resolve(self, host: str, port: int, family: int = socket.AF_UNSPEC) -> list[tuple[int, Any]]:
        if self._socket_path is not None:
            return [(socket.AF_UNIX, self._socket_path)]
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        return [(entry[0], entry[4]) for entry in found]


class WebSocketConnector:
    """Connector to a server's `ws`. `viewer_secret`: a viewer that comes again by it is the same one to others."""

    def __init__(self, endpoint: Endpoint, viewer_secret: str = "") -> None:
        self.endpoint = endpoint
        self._viewer_secret = viewer_secret

    @property
    def address(self) -> str:
        return self.endpoint.address

    @property
    def transport(self) -> str:
        return "unix" if self.endpoint.socket_path else "websocket"

    async def connect(self) -> Channel:
        viewer = {"viewer": self._viewer_secret} if self._viewer_secret else {}
        words = urlencode(self.endpoint.query() | viewer)
        url = self.endpoint.websocket_url + (f"?{words}" if words else "")
        asked = HTTPRequest(url, headers=self.endpoint.headers(), connect_timeout=limits.CONNECT_TIMEOUT_S)
        resolver = _DirectResolver(socket_path=self.endpoint.socket_path)
        try:
            connection = await asyncio.wait_for(
                websocket_connect(
                    asked,
                    subprotocols=[_SUBPROTOCOL],
                    max_message_size=limits.PUBLISH_BODY_BYTES,
                    resolver=resolver,
                ),
                limits.CONNECT_TIMEOUT_S,
            )
        except HTTPClientError as error:
            body = error.response.body if error.response is not None else b""
            raise error_of(Answer(error.code, {}, body or b""), self.endpoint) from error
        except (OSError, TimeoutError, WebSocketClosedError) as error:
            reason = str(error) or type(error).__name__
            raise UnreachableError(f"no hub answers at {self.address} ({reason})") from error
        return WebSocketChannel(connection)


class WebSocketChannel:
    """Over tornado's own client."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self._connection = connection
        stream = connection.protocol.stream if connection.protocol is not None else None
        assert stream is not None  # it is connected
        self._stream = stream
        self.close_code: int | None = None

    def send(self, data: bytes) -> None:
        try:
            self._connection.write_message(data, binary=True).add_done_callback(_seen)
        except WebSocketClosedError:
            return  # receive() tells

    async def receive(self) -> bytes | None:
        message = await self._connection.read_message()
        if message is None:
            self.close_code = self._connection.close_code
            self._connection.close()
        return message.encode() if isinstance(message, str) else message

    def close(self) -> None:
        """Says so and hangs up, without waiting for an answer of a peer that may be dead."""
        self._connection.close()
        self._stream.close()

    def abandon(self) -> None:
        """Closes the child's copy of the socket only: the selector and the connection are the parent's."""
        os.close(self._stream.socket.detach())


def _seen(sent: asyncio.Future[None]) -> None:
    """A failed write means a closed connection, which receive() tells."""
    if not sent.cancelled():
        sent.exception()
