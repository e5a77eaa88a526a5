"""A connected viewer, whatever carries it: takes from its session while its sink has room, and ends when it must."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from livedash import limits
from livedash.core.changes import Append, OwnWrites, Writes
from livedash.core.grant import Grant
from livedash.core.hub import Hub
from livedash.core.origin import Origin
from livedash.core.publish_rate import PublishRate, PublishRates
from livedash.transports.backlog import Backlog, SlowViewers
from livedash.transports.close_codes import OF_REASON, wait_s_of
from livedash.transports.contract import Framing, Loop, Sink
from livedash.transports.flusher import Flusher
from livedash.transports.wheel import Wheel
from livedash.wire.messages import Bye, ByeReason

WhyEnded = Callable[[Grant], ByeReason | None]  # whether a grant has ended meanwhile, and why


class Stage:
    """What all viewers of a hub share. `writes` takes what callers want changed: the hub's own, or those of several hubs."""

    __slots__ = (
        "backlog",
        "clock_s",
        "flusher",
        "hub",
        "loop",
        "now_us",
        "rates",
        "record_bytes",
        "wheel",
        "why_ended",
        "writes",
    )

    def __init__(
        self,
        hub: Hub,
        loop: Loop,
        now_us: Callable[[], int],
        why_ended: WhyEnded,
        publish_rate: PublishRate | None = None,
        *,
        viewers_bytes: int = limits.VIEWERS_BYTES,
        record_bytes: int = limits.RECORD_BYTES,
    ) -> None:
        self.hub = hub
        self.loop = loop
        self.clock_s = loop.time
        self.now_us = now_us
        self.why_ended = why_ended
        self.writes: Writes = OwnWrites(hub, now_us, self.clock_s)
        self.rates = PublishRates(publish_rate)
        self.record_bytes = record_bytes  # of what its peers publish, at most
        self.flusher = Flusher(hub, loop)
        self.wheel = Wheel(loop, self._turn)
        self.backlog = Backlog(viewers_bytes, hub.mark_dirty)

    def wall_clock_s(self) -> float:
        return self.now_us() / 1_000_000

    def pay(self, publisher: str, change: Append) -> None:
        """Before it is submitted: hubs that share their rooms each bound those who publish there.

        What the hub has already costs nothing. Raises RateLimitedError, or ConflictError as Hub.knows does.
        """
        origin = Origin(change.publisher, change.seq, request=change.request)
        if not self.hub.knows(change.room, origin, self.wall_clock_s()):
            self.writes.check_space()
            self.rates.pay(publisher, change.batch, self.clock_s())

    def viewers(self) -> list[Viewer]:
        """All that are connected by a stream."""
        return [member for member in self.wheel.members() if isinstance(member, Viewer)]

    def slow_viewers(self) -> SlowViewers:
        return self.backlog.statistics(self.hub.ladder.statistics())

    def close(self) -> None:
        self.flusher.close()
        self.wheel.close()

    def _turn(self) -> None:
        self.hub.trim(self.now_us())
        self.hub.tell_left(self.clock_s())
        self.backlog.relieve(self.clock_s())


@dataclass(frozen=True, slots=True)
class Liveness:
    """How often the peer is pinged, and how long it may take to answer (None: it never does, as on an event stream)."""

    ping_interval_s: float
    answer_limit_s: float | None


QUIET = Liveness(float("inf"), None)


class Viewer:
    """Opens its session when it is made. Raises LimitReachedError where the hub is full."""

    __slots__ = (
        "_answered_s",
        "_blocked_since_s",
        "_framing",
        "_liveness",
        "_moved_s",
        "_on_end",
        "_pinged_s",
        "_sink",
        "_stage",
        "is_ended",
        "session",
        "waiting_bytes",
    )

    def __init__(
        self,
        stage: Stage,
        grant: Grant,
        sink: Sink,
        framing: Framing,
        liveness: Liveness = QUIET,
        *,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._stage = stage
        self._sink = sink
        self._framing = framing
        self._liveness = liveness
        self._on_end = on_end
        self.is_ended = False
        self._blocked_since_s: float | None = None
        self.waiting_bytes = 0  # as it was measured last
        self._answered_s = self._pinged_s = self._moved_s = stage.clock_s()
        self.session = stage.hub.open_session(grant, grant.label, self.pump, stage.wall_clock_s())
        stage.wheel.add(self)
        stage.backlog.enter(self)

    def pump(self) -> None:
        """Sends what is owed, as long as the sink has room."""
        if self.is_ended:
            return
        if self.session.outbox.overflowed:
            self._end_overflowed()
            return
        if not self._finds_room():
            return
        now_s = self._stage.clock_s()
        most_bytes = min(limits.MESSAGE_BYTES, self._stage.backlog.share_bytes)
        for piece in self._framing.pieces(self.session.take(now_s, most_bytes)):
            self._sink.send(piece)
        self.note_waiting()
        if self.session.is_closed:  # the sink found the peer gone
            return
        if self.session.has_more():
            self._stage.hub.mark_dirty(self.session)
        elif (due_s := self.session.due_s()) is not None:
            self._stage.flusher.pump_at(self.session, due_s)

    def on_drained(self) -> None:
        """The sink: the peer has taken all that was sent."""
        if self.is_ended:
            return
        self.note_waiting()
        if self._blocked_since_s is not None:
            self._stage.hub.mark_dirty(self.session)

    @property
    def is_sending(self) -> bool:
        """True while the peer has not taken all that was sent, the bye included."""
        return self._sink.pending_bytes > 0

    def on_answer(self) -> None:
        """The peer gave a sign of life."""
        self._answered_s = self._stage.clock_s()

    def on_gone(self, *, took_nothing: bool = False) -> None:
        """The peer is gone, or the sink failed; `took_nothing`: the system gave it up, since it took nothing for too long."""
        if took_nothing and not self.is_ended:
            self._stage.hub.ladder.disconnected += 1
        self._leave()

    # What waits

    def note_waiting(self) -> None:
        """Its send buffer and outbox, for the backlog."""
        if self.is_ended:
            return
        waiting_bytes = self._sink.pending_bytes + self.session.outbox.waiting_bytes
        more_bytes, self.waiting_bytes = waiting_bytes - self.waiting_bytes, waiting_bytes
        if more_bytes < 0 or more_bytes == waiting_bytes:
            self._moved_s = self._stage.clock_s()
        self._stage.backlog.change(more_bytes)

    def is_blocked(self, now_s: float) -> bool:
        return now_s - self._moved_s >= limits.SLOW_AFTER_S

    def cut(self) -> None:
        """The backlog needs room."""
        self._cut("slow")

    def tick(self, now_s: float) -> None:
        """The wheel: dead peers, dead links, pings."""
        ended = self._stage.why_ended(self.session.grant)
        if ended is not None:
            self.end(ended)
            return
        if not self._is_full(now_s) and self._blocked_since_s is not None:  # its peer took a part
            self._stage.hub.mark_dirty(self.session)
        blocked_s = 0.0 if self._blocked_since_s is None else now_s - self._blocked_since_s
        limit_s = self._liveness.answer_limit_s
        if blocked_s >= limits.BLOCKED_WRITE_S:
            self._cut("slow")
        elif limit_s is not None and now_s - self._answered_s >= limit_s:
            self._cut("idle" if self._blocked_since_s is None else "slow")
        elif now_s - self._pinged_s >= self._liveness.ping_interval_s:
            self._pinged_s = now_s
            self._sink.ping()

    def end(self, reason: ByeReason, retry_after_s: float | None = None) -> None:
        """Says bye, after what was sent already, and closes. `retry_after_s` None: what the reason asks for."""
        if self.is_ended:
            return
        self._count(reason)
        bye = Bye(reason, wait_s_of(reason) if retry_after_s is None else retry_after_s)
        for piece in self._framing.pieces([bye]):
            self._sink.send(piece)
        self._sink.end(OF_REASON[reason], reason)
        self._leave()

    def _finds_room(self) -> bool:
        """A peer that takes a little is slow, one that takes nothing is blocked: room ends the block."""
        now_s, backlog = self._stage.clock_s(), self._stage.backlog
        if self.waiting_bytes or self.session.outbox.waiting_bytes:
            self.note_waiting()
        if self._is_full(now_s):
            return False
        if not backlog.admits(self.session, now_s) or self.is_ended:
            return False
        if self._blocked_since_s is not None and now_s - self._blocked_since_s >= limits.SLOW_AFTER_S:
            self.session.note_blocked()
        self._blocked_since_s = None
        return True

    def _is_full(self, now_s: float) -> bool:
        if self._sink.pending_bytes < self._stage.backlog.share_bytes:
            return False
        if self._blocked_since_s is None:
            self._blocked_since_s = now_s
            self._stage.hub.ladder.coalesced += 1
        return True

    def _end_overflowed(self) -> None:
        """It asks and asks, and does not take the answers."""
        if self._is_full(self._stage.clock_s()):
            self._cut("slow")
        else:
            self.end("slow")

    def _count(self, reason: ByeReason) -> None:
        if reason == "slow":
            self._stage.hub.ladder.disconnected += 1

    def _cut(self, reason: ByeReason) -> None:
        """The peer takes nothing or is gone: no bye would reach it in time."""
        self._count(reason)
        self._sink.end(OF_REASON[reason], reason)
        self._sink.abort()
        self._leave()

    def _leave(self) -> None:
        if self.is_ended:
            return
        self.is_ended = True
        self._stage.wheel.remove(self)
        self._stage.backlog.leave(self)
        self._stage.backlog.forget(self.session)
        self.session.close()
        self._on_end()
