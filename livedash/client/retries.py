"""Whether a request that failed is made again, and when; how it is made is in http."""

from __future__ import annotations

import http.client
import math
from collections.abc import Callable
from typing import Final

from livedash import limits
from livedash.client.backoff import Backoff
from livedash.client.http import Answer, Outcome

_REPEATABLE: Final = frozenset({"GET", "PUT"})  # a second DELETE might meet what somebody began meanwhile
_NOT_SENT: Final = (ConnectionRefusedError, FileNotFoundError)  # the latter: a hub's socket that is not there now
_CUT: Final = (ConnectionError, http.client.IncompleteRead, http.client.BadStatusLine)


class Retries:
    """Of one request, `patience_s` long. Call it with what an attempt came to: it waits and says True for another one.

    Any request is made again that no hub has heard. One that a hub may have heard, or puts off by 503 and Retry-After, is
    made again if doing it twice is the same as once.
    """

    def __init__(
        self,
        method: str,
        patience_s: float,
        *,
        random: Callable[[], float],
        now_s: Callable[[], float],
        sleep_s: Callable[[float], None],
    ) -> None:
        self._is_repeatable = method in _REPEATABLE
        self._backoff = Backoff(random, max_s=limits.REQUEST_BACKOFF_MAX_S)
        self._now_s = now_s
        self._sleep_s = sleep_s
        self._end_s = now_s() + patience_s
        self.is_answered = False  # with whatever status

    def __call__(self, outcome: Outcome) -> bool:
        self.is_answered = self.is_answered or isinstance(outcome, Answer)
        wait_s = self._wait_s(outcome)
        if self._now_s() + wait_s >= self._end_s:
            return False
        self._sleep_s(wait_s)
        return True

    def _wait_s(self, outcome: Outcome) -> float:
        """Infinite where another attempt would not help, or do harm."""
        if isinstance(outcome, Answer):
            return self._put_off_s(outcome)
        if isinstance(outcome, _NOT_SENT) or (self._is_repeatable and isinstance(outcome, _CUT)):
            return self._backoff.next_s()
        return math.inf

    def _put_off_s(self, answer: Answer) -> float:
        asked = answer.headers.get("Retry-After", "")
        is_put_off = answer.status == http.client.SERVICE_UNAVAILABLE and asked.isdecimal()
        return self._backoff.spread_s(float(asked)) if is_put_off and self._is_repeatable else math.inf
