"""What this hub has asked of the log and has not read back yet: sent in order, and after each interruption again."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass

from livedash.brokers.entries import Entry, to_bytes
from livedash.core.changes import Asker, Then


@dataclass(frozen=True, slots=True)
class Asked:
    entry: Entry
    data: bytes
    then: Then
    asker: Asker


class Outgoing:
    def __init__(self) -> None:
        self._asked: OrderedDict[int, Asked] = OrderedDict()
        self._unsent: deque[Asked] = deque()
        self.nbytes = 0

    def __len__(self) -> int:
        return len(self._asked)

    def add(self, entry: Entry, then: Then, asker: Asker) -> None:
        asked = Asked(entry, to_bytes(entry), then, asker)
        self._asked[entry.number] = asked
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
        return asked

    def answered_up_to(self, number: int) -> list[Asked]:
        """Entries up to that one were made by what a hub took over from the shelves."""
        return [asked for each in [known for known in self._asked if known <= number] if (asked := self.answered(each))]
