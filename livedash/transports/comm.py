"""A widget's comm: the WebSocket's MessagePack messages, for a page whose kernel is the hub or stands between it and the hub."""

from __future__ import annotations

from collections.abc import Callable

from livedash import limits
from livedash.core.grant import Grant
from livedash.transports.viewer import QUIET, Stage
from livedash.transports.websocket import WebSocketViewer
from livedash.wire.codec import MSGPACK
from livedash.wire.messages import ByeReason, Subscribe


class CommSink:
    """`send` hands bytes to the kernel's own output queue, which tells nothing of how far the page is."""

    pending_bytes = 0

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send

    def send(self, data: bytes) -> None:
        self._send(data)

    def ping(self) -> None:
        """Never asked for: a kernel that is busy could not hear the answer."""

    def end(self, code: int, reason: ByeReason) -> None:
        """The bye was the last message."""

    def abort(self) -> None:
        """There is nothing to cut: the comm is the widget's."""


class CommTransport:
    """Made on the hub's loop. Streams `rooms` from their snapshot at once, since a busy kernel would not hear the page ask."""

    def __init__(
        self,
        stage: Stage,
        grant: Grant,
        send: Callable[[bytes], None],
        rooms: tuple[str, ...] = (),
        window: int | None = None,
    ) -> None:
        self._peer = WebSocketViewer(stage, grant, CommSink(send), MSGPACK, QUIET)
        for room in rooms:
            self.receive(
                MSGPACK.encode_from_client(
                    Subscribe(
                        room,
                        "snapshot",
                        "columns",
                        window=window or limits.SNAPSHOT_RECORDS,
                        max_hz=limits.PUBLISHER_HZ,
                    )
                )
            )

    def receive(self, data: bytes) -> None:
        """A message of the page."""
        self._peer.receive(data)

    def close(self) -> None:
        self._peer.viewer.on_gone()
