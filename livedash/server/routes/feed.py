"""`feed`: server-sent events."""

from __future__ import annotations

import random

from livedash import limits
from livedash.errors import LimitReachedError, UnreachableError
from livedash.server.routes.reading import ReadingRoute
from livedash.server.services import Services
from livedash.server.sinks import StreamSink
from livedash.transports import sse
from livedash.transports.viewer import Viewer
from livedash.wire.codec import JSON
from livedash.wire.messages import Bye, ByeReason
from livedash.wire.sse import event_block


class Feed(ReadingRoute):
    def initialize(self, services: Services) -> None:
        super().initialize(services)
        self._viewer: Viewer | None = None
        self._sink: StreamSink | None = None

    async def prepare(self) -> None:
        """A hub whose broker is away may not know a link to be good: that passes."""
        try:
            await super().prepare()
        except UnreachableError:
            if self.get_query_argument("key", None) is not None:
                self.set_header("Access-Control-Allow-Origin", "*")
            self._refuse("idle")

    async def get(self) -> None:
        rooms = self.rooms_asked()
        self.reading_asked()  # a mistake is told by a status, before the stream begins
        liveness = sse.liveness(self.keep_alive_asked())
        if self.services.is_draining:
            self._refuse("draining")
            return
        framing = sse.EventFraming(rooms, retry_ms=_jittered_retry_ms())
        sink = StreamSink(self)
        try:
            viewer = Viewer(self.services.stage, self.grant, sink, framing, liveness)
        except LimitReachedError:
            self._refuse("limit")
            return
        sink.on_drained, sink.on_gone = viewer.on_drained, viewer.on_gone
        self._viewer, self._sink = viewer, sink
        try:
            self.subscribe(viewer.session, rooms)
        except BaseException:
            viewer.on_gone()
            raise
        self._begin_stream()
        sink.send(framing.begin(viewer.session))
        await sink.ended

    def head(self, *_: str) -> None:
        """What the stream would begin with."""
        self.rooms_asked()
        self.reading_asked()
        self.keep_alive_asked()
        self._begin_stream()
        self.finish()

    def on_connection_close(self) -> None:
        if self._viewer is not None and self._sink is not None:
            self._viewer.on_gone(took_nothing=self._sink.took_nothing)
            self._sink.release()
        super().on_connection_close()

    def _begin_stream(self) -> None:
        self.set_header("Content-Type", "text/event-stream; charset=utf-8")
        self.set_header("Cache-Control", "no-cache, no-transform")
        self.set_header("X-Accel-Buffering", "no")  # nginx buffers else

    def _refuse(self, reason: ByeReason) -> None:
        """An EventSource never comes back after another status than 200 (DESIGN 3.4)."""
        self._begin_stream()
        retry_ms = _jittered_retry_ms()
        bye = JSON.encode(Bye(reason, retry_ms / 1000))
        self.finish(event_block(bye, event="livedash.bye", retry_ms=retry_ms))


def _jittered_retry_ms() -> int:
    """Viewers that are cut together shall not come back together."""
    return round(limits.RETRY_MS * random.SystemRandom().uniform(0.5, 1.5))
