"""`poll`: long-polling."""

from __future__ import annotations

import asyncio
import contextlib

from livedash import limits
from livedash.core.session import Session
from livedash.errors import LimitReachedError
from livedash.server.routes.query import number
from livedash.server.routes.reading import ReadingRoute
from livedash.server.sending import Sending
from livedash.server.tcp import bound_silence, stream_of
from livedash.transports.longpoll import Answer


class Poll(ReadingRoute):
    async def get(self) -> None:
        rooms, timeout_s = self.rooms_asked(), self._timeout_s()
        if self.services.is_draining:
            raise LimitReachedError("this server is stopping; ask again in a moment")
        bound_silence(stream_of(self))
        stage = self.services.stage
        self._ready = asyncio.Event()
        now_s = stage.wall_clock_s()
        session = stage.hub.open_session(self.grant, self.grant.label, self._ready.set, now_s, polls=rooms)
        try:
            self.subscribe(session, rooms)
            answer = Answer(self.reading_asked().shape)
            end_s = stage.clock_s() + timeout_s
            while not self._takes(answer, session) and await self._may_wait(end_s, session.due_s()):
                self._ready.clear()
            body = answer.body(session)
        finally:
            session.close()
            stage.backlog.forget(session)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        await Sending(stage, self, body).finish()

    def _takes(self, answer: Answer, session: Session) -> bool:
        """Not while too much waits for all viewers already: what is not taken stays in history."""
        stage = self.services.stage
        now_s = stage.clock_s()
        return stage.backlog.admits(session, now_s) and answer.take(session, now_s)

    async def _may_wait(self, end_s: float, due_s: float | None) -> bool:
        """Waits until something may have come, False when the time is over or the link has ended."""
        now_s = self.services.stage.clock_s()
        until_s = min(end_s, now_s + limits.LINK_CHECK_S, due_s or end_s)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), max(0.0, until_s - now_s))
        is_over = self.services.stage.clock_s() >= end_s or self.services.is_draining
        return not is_over and self.services.why_ended(self.grant) is None and not self._is_gone

    @property
    def _is_gone(self) -> bool:
        return getattr(self, "_has_gone", False)

    def on_connection_close(self) -> None:
        self._has_gone = True
        super().on_connection_close()

    def _timeout_s(self) -> float:
        timeout_s = number(self.get_query_argument("timeout", ""), "timeout")
        return limits.POLL_TIMEOUT_S if timeout_s is None else min(max(timeout_s, 0.0), limits.POLL_TIMEOUT_MAX_S)
