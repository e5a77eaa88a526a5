"""How fast a publisher sends to a hub that has put off what it sent; pure."""

from __future__ import annotations

from typing import Final

from livedash import limits

_WAIT_S: Final = 1.0  # a panel that gets its records in steps of about so long is still live
_GROWTH_SHARE: Final = 4  # of a batch that was taken: the next one is so much larger


class Pace:
    """Of one connection: free at first. Once the hub has put something off, one batch at a time, each of so many records
    that the wait for the next one is about a second.
    """

    __slots__ = ("_is_free", "_is_waiting", "_taken", "most_records")

    def __init__(self) -> None:
        self._is_free = True
        self._is_waiting = False
        self._taken = 0  # records since it was put off last
        self.most_records = limits.PUBLISH_BATCH_RECORDS

    def lets_send(self, *, in_flight: int) -> bool:
        return self._is_free or not (self._is_waiting or in_flight)

    def put_off(self, wait_s: float) -> None:
        """What was sent is to be sent again after `wait_s`."""
        if self._is_waiting:
            return  # one that was on its way already
        self._is_free, self._is_waiting = False, True
        if wait_s > _WAIT_S and self._taken:
            self.most_records = max(1, min(self.most_records, int(self._taken * _WAIT_S / wait_s)))
        self._taken = 0

    def go_on(self) -> None:
        """The wait is over."""
        self._is_waiting = False

    def relax(self) -> None:
        """The hub has all that there was."""
        self._is_free = True
        self.most_records = limits.PUBLISH_BATCH_RECORDS

    def note_taken(self, records: int) -> None:
        """A hub that takes what it gets may take more."""
        self._taken += records
        if not self._is_free:
            more = max(1, self.most_records // _GROWTH_SHARE)
            self.most_records = min(self.most_records + more, limits.PUBLISH_BATCH_RECORDS)
