"""A line between a transport and its peer: a sink whose bytes wait until they are carried."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from livedash.wire.messages import ByeReason
from livedash.wire.sse import KEEP_ALIVE


class Line:
    """Fulfils livedash.transports.contract.Sink; `on_drained` is set by who opens the viewer."""

    def __init__(self) -> None:
        self.pieces: deque[bytes] = deque()
        self.on_drained: Callable[[], None] = _nothing
        self.is_ended = False

    @property
    def pending_bytes(self) -> int:
        return sum(map(len, self.pieces))

    def send(self, data: bytes) -> None:
        self.pieces.append(data)

    def ping(self) -> None:
        """It is answered whenever the peer takes anything."""

    def end(self, code: int, reason: ByeReason) -> None:
        self.is_ended = True

    def abort(self) -> None:
        self.pieces.clear()

    def take_pieces(self, share: float) -> list[bytes]:
        """Whole pieces: frames arrive whole or not at all."""
        count = len(self.pieces) if share >= 1.0 else int(len(self.pieces) * share)
        return self._told([self.pieces.popleft() for _ in range(count)])

    def take_bytes(self, share: float) -> bytes:
        """The beginning of the stream, whatever it cuts through."""
        stream = b"".join(self.pieces)
        size = len(stream) if share >= 1.0 else int(len(stream) * share)
        self.pieces.clear()
        if size < len(stream):
            self.pieces.append(stream[size:])
        self._told([])
        return stream[:size]

    def _told(self, taken: list[bytes]) -> list[bytes]:
        if not self.pieces and not self.is_ended:
            self.on_drained()
        return taken


class StreamLine(Line):
    """A ping is a comment in the stream."""

    def ping(self) -> None:
        self.send(KEEP_ALIVE)


def _nothing() -> None:
    """Until a viewer is there."""
