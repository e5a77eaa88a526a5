"""What this hub has asked of the log and has not read back yet: sent in order, and after each interruption again."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from livedash.brokers.entries import Entry, PresenceChange, SharedChange, to_bytes
from livedash.core.changes import Append, Asker, Result, Then


@dataclass(frozen=True, slots=True)
class Asked:
    """`thens`: who waits for the result; more than one where a publisher sent its batch again."""

    entry: Entry
    data: bytes
    thens: list[Then]
    asker: Asker

    def answer(self, result: Result) -> None:
        for then in self.thens:
            then(result)


class Outgoing:
    """Of one hub."""

    def __init__(self) -> None:
        self._asked: OrderedDict[int, Asked] = OrderedDict()
        self._batches: dict[tuple[str, str, int], Asked] = {}  # by room, publisher and its number
        self._unsent: deque[Asked] = deque()
        self.nbytes = 0

    def __len__(self) -> int:
        return len(self._asked)

    def joins(self, change: SharedChange, then: Then) -> bool:
        """True for a batch that is on its way already: its publisher had no answer for long, and sent it again."""
        asked = self._batches.get(batch) if (batch := _batch_of(change)) is not None else None
        if asked is None:
            return False
        asked.thens.append(then)
        return True

    def add(self, entry: Entry, then: Then, asker: Asker, *, is_first: bool = False) -> None:
        """`is_first`: before all that was not read back yet."""
        asked = Asked(entry, to_bytes(entry), [then], asker)
        self._asked[entry.number] = asked
        if is_first:
            self._asked.move_to_end(entry.number, last=False)
        if (batch := _batch_of(entry.change)) is not None:
            self._batches[batch] = asked
        if is_first:
            self._unsent.appendleft(asked)
        else:
            self._unsent.append(asked)
        self.nbytes += len(asked.data)

    def take(self, max_bytes: int) -> list[bytes]:
        """What to send next, one entry at least where there is one."""
        taken: list[bytes] = []
        size = 0
        while self._unsent and (not taken or size + len(self._unsent[0].data) <= max_bytes):
            taken.append(self._unsent.popleft().data)
            size += len(taken[-1])
        return taken

    def send_again(self) -> None:
        """All that was not read back: whether it arrived is not known."""
        self._unsent = deque(self._asked.values())

    def answered(self, number: int) -> Asked | None:
        """The entry was read back."""
        asked = self._asked.pop(number, None)
        if asked is not None:
            self.nbytes -= len(asked.data)
            batch = _batch_of(asked.entry.change)
            if batch is not None and self._batches.get(batch) is asked:
                del self._batches[batch]
        return asked

    def put_back(self, some: Sequence[Asked]) -> None:
        """What read them back is given up: they come before all others again."""
        for asked in reversed(some):
            self._asked[asked.entry.number] = asked
            self._asked.move_to_end(asked.entry.number, last=False)
            self.nbytes += len(asked.data)
            if (batch := _batch_of(asked.entry.change)) is not None:
                self._batches.setdefault(batch, asked)

    def answered_if(self, is_made: Callable[[int], bool]) -> list[Asked]:
        """Entries that were made by what a hub took over from the shelves."""
        return [asked for each in list(self._asked) if is_made(each) and (asked := self.answered(each))]


def _batch_of(change: SharedChange | PresenceChange) -> tuple[str, str, int] | None:
    if not isinstance(change, Append) or change.publisher is None or change.seq is None:
        return None
    return change.room, change.publisher, change.seq
