"""What a room remembers of its publishers: what they sent, so that it counts once, and whether one wrote it all."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from livedash import limits
from livedash.errors import ConflictError
from livedash.wire.messages import Welcome
from livedash.wire.position import Position


class Connection(Protocol):
    """Of a publisher that said hello: it keeps what it wrote as long as nobody else writes there."""

    def notify(self, notification: Welcome) -> None: ...


@dataclass(slots=True)
class PublisherRecord:
    """`answers`: the position that each of the last batches got, by its sequence number."""

    answers: OrderedDict[int, Position] = field(default_factory=OrderedDict)
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class _Author:
    publisher: str | None
    connection: Connection | None


class Publishers:
    """Of one room; bounded in publishers and in answers of each, the longest unheard go first."""

    __slots__ = ("_known", "_only")

    def __init__(self) -> None:
        self._known: OrderedDict[str, PublisherRecord] = OrderedDict()
        self._only: _Author | None = None  # who wrote all records of this epoch; None: nobody yet, or several

    @property
    def only(self) -> str | None:
        """The id of who wrote all records of the epoch, None where that is nobody, or gave none."""
        return self._only.publisher if self._only else None

    def is_only(self, publisher: str | None) -> bool:
        """True if this publisher wrote all records of the epoch. None is whoever gives no id: they count as one."""
        return self._only is not None and self._only.publisher == publisher

    def note_author(
        self, publisher: str | None, connection: Connection | None, *, is_first: bool = False
    ) -> Connection | None:
        """Somebody wrote, `is_first`: the first records of an epoch. Gives the connection of who wrote all until now and
        has company from now on, None if that is nobody, or does not listen.
        """
        if is_first or self.is_only(publisher):
            self._only = _Author(publisher, connection)
            return None
        return self.forget_only()

    def forget_only(self) -> Connection | None:
        """The epoch has ended, or has several publishers. Gives the connection of who must let go of what it kept."""
        only, self._only = self._only, None
        return only.connection if only else None

    def answer(self, publisher: str, seq: int) -> Position | None:
        """What the batch got when it came first, None for a new one."""
        record = self._known.get(publisher)
        return record.answers.get(seq) if record else None

    def remember(self, publisher: str, seq: int, position: Position) -> None:
        record = self._record(publisher)
        record.answers[seq] = position
        if len(record.answers) > limits.PUBLISHER_ANSWERS:
            record.answers.popitem(last=False)

    def note_dropped(self, publisher: str, dropped: int) -> None:
        self._record(publisher).dropped = dropped

    @property
    def dropped(self) -> int:
        """Records that publishers lost from their buffers, in all."""
        return sum(record.dropped for record in self._known.values())

    def answers(self) -> Iterator[tuple[str, int, Position]]:
        """Publisher, sequence number and position; of the publisher that was unheard for longest first."""
        for publisher, record in self._known.items():
            for seq, position in record.answers.items():
                yield publisher, seq, position

    def dropped_by_each(self) -> dict[str, int]:
        return {publisher: record.dropped for publisher, record in self._known.items() if record.dropped}

    def _record(self, publisher: str) -> PublisherRecord:
        record = self._known.get(publisher)
        if record is None:
            record = self._known[publisher] = PublisherRecord()
            if len(self._known) > limits.PUBLISHERS_PER_ROOM:
                self._known.popitem(last=False)
        self._known.move_to_end(publisher)
        return record


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP publish that may come again: who sent it, its `Idempotency-Key`, and its body's digest."""

    caller: str
    key: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class _Answered:
    digest: bytes
    position: Position
    at_s: float


class IdempotencyKeys:
    """`Idempotency-Key` of HTTP publishes, per room and caller, for ten minutes. Times in seconds since 1970."""

    __slots__ = ("_answers",)

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, str, str], _Answered] = OrderedDict()

    def answer(self, room: str, request: Request, now_s: float) -> Position | None:
        """What the first request got, None if this is the first. Raises ConflictError where its body was another one."""
        self._expire(now_s)
        found = self._answers.get((room, request.caller, request.key))
        if found is None:
            return None
        if found.digest != request.digest:
            raise ConflictError(
                f"Idempotency-Key {request.key[:60]!r} was used with another body; use a new key for new records"
            )
        return found.position

    def remember(self, room: str, request: Request, position: Position, now_s: float) -> None:
        self._answers[room, request.caller, request.key] = _Answered(request.digest, position, now_s)
        if len(self._answers) > limits.IDEMPOTENCY_KEYS:
            self._answers.popitem(last=False)

    def all(self) -> Iterator[tuple[str, Request, Position, float]]:
        """Room, request, its answer, and when it came; the oldest first."""
        for (room, caller, key), answered in self._answers.items():
            yield room, Request(caller, key, answered.digest), answered.position, answered.at_s

    def _expire(self, now_s: float) -> None:
        while self._answers and next(iter(self._answers.values())).at_s < now_s - limits.IDEMPOTENCY_S:
            self._answers.popitem(last=False)
