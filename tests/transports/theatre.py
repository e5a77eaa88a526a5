"""A stage on a loop that is turned by hand, with sinks that keep what they are sent, and people who come to it."""

from __future__ import annotations

import itertools
from typing import Any

from livedash import limits
from livedash.core.grant import Grant, owner
from livedash.core.hub import Hub
from livedash.core.publish_rate import PublishRate
from livedash.testing.clock import ManualClock
from livedash.testing.loop import ManualLoop
from livedash.transports.viewer import QUIET, Liveness, Stage, Viewer
from livedash.transports.websocket import MessageFraming
from livedash.wire.batch import Batch
from livedash.wire.codec import JSON, Codec
from livedash.wire.messages import ByeReason, HubMessage
from livedash.wire.position import Position


class MemorySink:
    """Keeps what was sent. `is_stuck`: its peer takes nothing, until `take_all`."""

    def __init__(self, codec: Codec = JSON) -> None:
        self._codec = codec
        self.pieces: list[bytes] = []
        self.pings = 0
        self.ended: tuple[int, ByeReason] | None = None
        self.is_aborted = False
        self.is_stuck = False
        self.pending_bytes = 0

    def send(self, data: bytes) -> None:
        assert self.ended is None, "nothing is sent after the end"
        self.pieces.append(data)
        if self.is_stuck:
            self.pending_bytes += len(data)

    def ping(self) -> None:
        self.pings += 1

    def end(self, code: int, reason: ByeReason) -> None:
        self.ended = code, reason

    def abort(self) -> None:
        self.is_aborted = True

    def messages(self) -> list[HubMessage]:
        """What came since the last call."""
        pieces, self.pieces = self.pieces, []
        return [self._codec.decode_from_hub(piece) for piece in pieces]


class Theatre:
    """`ended` names principals whose grants have ended, and why."""

    def __init__(
        self, publish_rate: PublishRate | None = None, *, viewers_bytes: int = limits.VIEWERS_BYTES, **bounds: Any
    ) -> None:
        self.loop = ManualLoop(ManualClock(1000.0))
        epochs = itertools.count(1)
        self.hub = Hub(lambda: f"e{next(epochs)}", **bounds)
        self.ended: dict[str, ByeReason] = {}
        self.stage = Stage(
            self.hub,
            self.loop,
            self.now_us,
            lambda grant: self.ended.get(grant.principal),
            publish_rate,
            viewers_bytes=viewers_bytes,
        )

    def now_us(self) -> int:
        return round(self.loop.time() * 1_000_000)

    def push(self, *records: dict[str, Any], room: str = "train") -> Position:
        batch = Batch.from_records(records, [self.now_us()] * len(records))
        return self.hub.publish(room, batch, self.now_us(), self.loop.time())

    def push_bytes(self, count: int, *, piece: int = 500_000, room: str = "train") -> None:
        """Records of text, `count` bytes of it in all."""
        for _ in range(count // piece):
            self.push({"text": "x" * piece}, room=room)

    def viewer(self, liveness: Liveness = QUIET, grant: Grant | None = None) -> tuple[Viewer, MemorySink]:
        sink = MemorySink()
        return Viewer(self.stage, grant or owner("somebody"), sink, MessageFraming(JSON), liveness), sink

    def take_all(self, viewer: Viewer, sink: MemorySink) -> None:
        """The peer of a stuck sink takes what was sent."""
        sink.pending_bytes = 0
        viewer.on_drained()
