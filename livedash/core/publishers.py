"""What a room remembers of its publishers, so that what they send again counts once."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from livedash import limits
from livedash.errors import ConflictError
from livedash.wire.position import Position


@dataclass(slots=True)
class PublisherRecord:
    """`answers`: the position that each of the last batches got, by its sequence number."""

    answers: OrderedDict[int, Position] = field(default_factory=OrderedDict)
    dropped: int = 0


class Publishers:
    """Of one room; bounded in publishers and in answers of each, the longest unheard go first."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: OrderedDict[str, PublisherRecord] = OrderedDict()

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

    def _record(self, publisher: str) -> PublisherRecord:
        record = self._known.get(publisher)
        if record is None:
            record = self._known[publisher] = PublisherRecord()
            if len(self._known) > limits.PUBLISHERS_PER_ROOM:
                self._known.popitem(last=False)
        self._known.move_to_end(publisher)
        return record


@dataclass(frozen=True, slots=True)
class _Answered:
    digest: bytes
    position: Position
    at_s: float


class IdempotencyKeys:
    """`Idempotency-Key` of HTTP publishes, per room and caller, for ten minutes."""

    __slots__ = ("_answers",)

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, str, str], _Answered] = OrderedDict()

    def answer(self, room: str, caller: str, key: str, digest: bytes, now_s: float) -> Position | None:
        """What the first request got, None if this is the first. Raises ConflictError where its body was another one."""
        self._expire(now_s)
        found = self._answers.get((room, caller, key))
        if found is None:
            return None
        if found.digest != digest:
            raise ConflictError(
                f"Idempotency-Key {key[:60]!r} was used with another body; use a new key for new records"
            )
        return found.position

    def remember(self, room: str, caller: str, key: str, digest: bytes, position: Position, now_s: float) -> None:
        self._answers[room, caller, key] = _Answered(digest, position, now_s)
        if len(self._answers) > limits.IDEMPOTENCY_KEYS:
            self._answers.popitem(last=False)

    def _expire(self, now_s: float) -> None:
        while self._answers and next(iter(self._answers.values())).at_s < now_s - limits.IDEMPOTENCY_S:
            self._answers.popitem(last=False)
