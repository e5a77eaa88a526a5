"""`ws`: the WebSocket, two-way."""

from __future__ import annotations

from livedash import limits
from livedash.errors import CallerError, LimitReachedError
from livedash.server.auth import By
from livedash.server.routes.route import Route
from livedash.server.services import Services
from livedash.server.sinks import WebSocketSink
from livedash.server.websocket_handler import WebSocketHandler
from livedash.transports.close_codes import OF_REASON
from livedash.transports.websocket import DEFAULT_SUBPROTOCOL, SUBPROTOCOLS, WebSocketViewer


class Ws(Route, WebSocketHandler):
    action_of_get = "execute"
    is_viewed = True

    def initialize(self, services: Services) -> None:
        super().initialize(services)
        self._peer: WebSocketViewer | None = None

    async def prepare(self) -> None:
        await super().prepare()
        if not self._finished and self.request.method in ("GET", "HEAD") and not self.is_websocket:
            raise CallerError(
                "this is the address of a WebSocket: open it as ws:// or wss://, or read 'feed' or 'poll'"
            )
        if self.services.is_draining and not self._finished:
            raise LimitReachedError("this server is stopping; come again in a moment")

    def check_origin(self, origin: str) -> bool:
        """Who shows a key or token needs no Origin; a cookie's was checked before the upgrade, and is again."""
        return self.login_by is not By.COOKIE or self.host_origin_is_ours()

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return next((name for name in SUBPROTOCOLS if name in subprotocols), None)

    @property
    def ping_interval(self) -> float | None:
        """The wheel pings; tornado would start a task for each connection."""
        return None

    @property
    def max_message_size(self) -> int:
        return min(self.services.config.publish_body_bytes, limits.PUBLISH_BODY_BYTES)

    def open(self, *_: str) -> None:
        self.set_nodelay(True)
        codec = SUBPROTOCOLS[self.selected_subprotocol or DEFAULT_SUBPROTOCOL]
        sink = WebSocketSink(self, codec.is_binary)
        try:
            self._peer = WebSocketViewer(self.services.stage, self.grant, sink, codec)
        except LimitReachedError:
            self.close(OF_REASON["limit"], "limit")
            return
        sink.on_drained, sink.on_gone = self._peer.viewer.on_drained, self._peer.viewer.on_gone

    def on_message(self, message: str | bytes) -> None:
        if self._peer is not None:
            self._peer.receive(message)

    def on_pong(self, data: bytes) -> None:
        if self._peer is not None:
            self._peer.viewer.on_answer()

    def on_close(self) -> None:
        if self._peer is not None:
            self._peer.viewer.on_gone()
