"""How much each publisher may send in a second: token buckets, as the generic cell rate algorithm has them (ITU-T I.371).

Of each publisher only the time is kept at which all that it sent is paid for. A batch is taken as long as that time is not
more than limits.PUBLISH_BURST_S ahead, however large it is: what is put off is put off for a while, and never for good.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from livedash import limits
from livedash.errors import RateLimitedError
from livedash.wire.batch import Batch

_TOLD_S: Final = 0.1  # the shortest wait in words


@dataclass(frozen=True, slots=True)
class PublishRate:
    """Of one publisher, a second. 0: no bound."""

    records: float = limits.PUBLISH_RATE_RECORDS
    nbytes: float = limits.PUBLISH_RATE_BYTES


@dataclass(frozen=True, slots=True)
class PublishRateStatistics:
    """`put_off`: batches, since the start."""

    publishers: int
    put_off: int


class PublishRates:
    """Of all publishers; times in seconds of a clock that never goes back."""

    def __init__(self, rate: PublishRate | None = None) -> None:
        self._rate = rate or PublishRate()
        self._paid_at_s: OrderedDict[str, tuple[float, float]] = OrderedDict()  # for records and for bytes
        self._put_off = 0

    def pay(self, publisher: str, batch: Batch, now_s: float) -> None:
        """Raises RateLimitedError, and counts nothing then."""
        rate = self._rate
        if not (rate.records or rate.nbytes):
            return
        of_records, of_bytes = self._paid_at_s.get(publisher, (now_s, now_s))
        wait_s = max(of_records, of_bytes) - now_s - limits.PUBLISH_BURST_S
        if wait_s > 0:
            self._put_off += 1
            raise RateLimitedError(
                f"a publisher sends {self._named(of_records >= of_bytes)} a second at most here; "
                f"send it again in {max(wait_s, _TOLD_S):.1f} s",
                retry_after_s=wait_s,
            )
        self._paid_at_s[publisher] = (
            max(of_records, now_s) + _seconds(batch.count, rate.records),
            max(of_bytes, now_s) + _seconds(batch.nbytes, rate.nbytes),
        )
        self._paid_at_s.move_to_end(publisher)
        if len(self._paid_at_s) > limits.RATED_PUBLISHERS:
            self._paid_at_s.popitem(last=False)

    def statistics(self) -> PublishRateStatistics:
        return PublishRateStatistics(len(self._paid_at_s), self._put_off)

    def _named(self, is_of_records: bool) -> str:
        return f"{self._rate.records:g} records" if is_of_records else f"{self._rate.nbytes:g} bytes"


def _seconds(amount: int, rate: float) -> float:
    return amount / rate if rate else 0.0


class PutOff:
    """Of one connection of a publisher that sends again what was put off: until then, nothing that came after it is taken.

    Else a batch behind it could be the first that there is room for, and the room would hold them the wrong way round.
    """

    def __init__(self) -> None:
        self._first: dict[str, tuple[int, RateLimitedError]] = {}

    def note(self, room: str, seq: int, error: RateLimitedError) -> None:
        self._first.setdefault(room, (seq, error))

    def check(self, room: str, seq: int) -> None:
        """Raises RateLimitedError for a batch that comes too early."""
        if not self._first:
            return
        first, error = self._first.get(room, (seq, None))
        if error is not None and seq > first:
            raise error
        if seq == first:
            self._first.pop(room, None)
