"""A hub in another process: questions over HTTP, messages over its WebSocket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.netutil import Resolver
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

from livedash import limits
from livedash.client.contract import Channel, History, LinkInfo, LinkState, RoomState
from livedash.client.endpoint import Endpoint
from livedash.client.http import Answer, error_of, request
from livedash.errors import UnreachableError
from livedash.wire.batch import EMPTY
from livedash.wire.codec import batch_of_wire
from livedash.wire.messages import WireColumn
from livedash.wire.position import Position
from livedash.wire.specs import DashboardSpec

_CONNECT_TIMEOUT_S = 10.0
_SUBPROTOCOL = "livedash.v1.msgpack"


class _Columns(msgspec.Struct, frozen=True):
    """The body of `records?format=columns`."""

    epoch: str
    offset: int
    count: int
    times: bytes
    columns: dict[str, WireColumn]


class _Rooms(msgspec.Struct, frozen=True):
    rooms: list[RoomState]


class _Links(msgspec.Struct, frozen=True):
    links: list[LinkState]


class RemoteHub:
    """HubAccess by the routes of a server."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    @property
    def address(self) -> str:
        return self.endpoint.address

    def rooms(self) -> list[RoomState]:
        return msgspec.json.decode(self._ask("GET", "rooms"), type=_Rooms).rooms

    def state(self, room: str) -> RoomState:
        return msgspec.json.decode(self._ask("GET", f"rooms/{room}"), type=RoomState)

    def configure(self, room: str, changes: dict[str, Any]) -> RoomState:
        return msgspec.json.decode(self._ask("PUT", f"rooms/{room}", changes), type=RoomState)

    def clear(self, room: str) -> Position:
        return msgspec.json.decode(self._ask("POST", f"rooms/{room}/clear", {}), type=Position)

    def delete(self, room: str) -> None:
        self._ask("DELETE", f"rooms/{room}")

    def read(self, room: str, since: str, limit: int) -> History:
        query = {"since": since, "limit": str(limit), "format": "columns"}
        answer = request(self.endpoint, "GET", f"rooms/{room}/records", query=query)
        page = msgspec.msgpack.decode(answer.body, type=_Columns)
        batch = batch_of_wire(page.count, page.times, page.columns) if page.count else EMPTY
        return History(batch, Position(page.epoch, page.offset))

    def create_link(
        self, rooms: Sequence[str], expires_s: float, label: str, dashboard: DashboardSpec | None
    ) -> LinkInfo:
        body: dict[str, Any] = {"rooms": list(rooms), "expires_s": expires_s, "label": label}
        if dashboard is not None:
            body["dashboard"] = msgspec.to_builtins(dashboard)
        return msgspec.json.decode(self._ask("POST", "links", body), type=LinkInfo)

    def links(self) -> list[LinkState]:
        return msgspec.json.decode(self._ask("GET", "links"), type=_Links).links

    def revoke(self, link_id: str) -> None:
        self._ask("DELETE", f"links/{link_id}")

    def put_dashboard(self, name: str, spec: DashboardSpec) -> None:
        self._ask("PUT", f"dashboards/{name}", msgspec.to_builtins(spec))

    def _ask(self, method: str, path: str, content: Any = None) -> bytes:
        body = None if content is None else msgspec.json.encode(content)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        return request(self.endpoint, method, path, body=body, headers=headers).body


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
    """Connector to a server's `ws`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    @property
    def address(self) -> str:
        return self.endpoint.address

    @property
    def transport(self) -> str:
        return "unix" if self.endpoint.socket_path else "websocket"

    async def connect(self) -> Channel:
        words = urlencode(self.endpoint.query())
        url = self.endpoint.websocket_url + (f"?{words}" if words else "")
        asked = HTTPRequest(url, headers=self.endpoint.headers(), connect_timeout=_CONNECT_TIMEOUT_S)
        resolver = _DirectResolver(socket_path=self.endpoint.socket_path)
        try:
            connection = await asyncio.wait_for(
                websocket_connect(
                    asked,
                    subprotocols=[_SUBPROTOCOL],
                    max_message_size=limits.PUBLISH_BODY_BYTES,
                    resolver=resolver,
                ),
                _CONNECT_TIMEOUT_S,
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
        return message.encode() if isinstance(message, str) else message

    def close(self) -> None:
        self._connection.close()


def _seen(sent: asyncio.Future[None]) -> None:
    """A failed write means a closed connection, which receive() tells."""
    if not sent.cancelled():
        sent.exception()
