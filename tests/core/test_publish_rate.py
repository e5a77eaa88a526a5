from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash import limits
from livedash.core.publish_rate import PublishRate, PublishRates, PutOff
from livedash.errors import RateLimitedError
from livedash.wire.batch import Batch


def some(count: int, text: str = "") -> Batch:
    return Batch.from_records([{"text": text}] * count, [0] * count)


def wait_s(rates: PublishRates, batch: Batch, now_s: float, publisher: str = "p1") -> float:
    """0: it was taken."""
    try:
        rates.pay(publisher, batch, now_s)
    except RateLimitedError as error:
        return error.retry_after_s or 0.0
    return 0.0


def test_without_a_rate_everything_is_taken_and_nothing_is_kept() -> None:
    rates = PublishRates()
    for _ in range(100):
        rates.pay("p1", some(1000), 0.0)
    assert rates.statistics().publishers == 0


def test_above_the_rate_a_publisher_is_told_how_long_to_wait_and_then_is_taken() -> None:
    rates = PublishRates(PublishRate(records=100))
    assert wait_s(rates, some(250), 5.0) == 0.0
    assert wait_s(rates, some(1), 5.0) == pytest.approx(1.5)
    assert wait_s(rates, some(1), 6.4) == pytest.approx(0.1)
    assert wait_s(rates, some(1), 6.51) == 0.0


def test_bytes_have_a_rate_of_their_own_which_the_message_names() -> None:
    batch = some(1, "x" * 10_000)
    rates = PublishRates(PublishRate(records=1000, nbytes=batch.nbytes / 4))
    rates.pay("p1", batch, 0.0)
    with pytest.raises(RateLimitedError, match=r"bytes a second at most here; send it again in 3\.0 s"):
        rates.pay("p1", batch, 0.0)


def test_a_publisher_pays_for_itself_alone() -> None:
    rates = PublishRates(PublishRate(records=1))
    rates.pay("p1", some(100), 0.0)
    assert wait_s(rates, some(1), 0.0, "p2") == 0.0
    assert wait_s(rates, some(1), 0.0, "p1") > 90


def test_a_batch_larger_than_a_seconds_worth_is_taken_too() -> None:
    rates = PublishRates(PublishRate(records=1))
    assert wait_s(rates, some(5000), 0.0) == 0.0


def test_who_was_quiet_has_saved_no_more_than_the_burst() -> None:
    rates = PublishRates(PublishRate(records=8))  # whose parts are no rounded numbers
    rates.pay("p1", some(1), 0.0)
    taken = sum(wait_s(rates, some(1), 1000.0) == 0.0 for _ in range(100))
    assert taken == 8 * limits.PUBLISH_BURST_S + 1


def test_publishers_are_not_remembered_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RATED_PUBLISHERS", 3)
    rates = PublishRates(PublishRate(records=1))
    for number in range(10):
        rates.pay(f"p{number}", some(9), 0.0)
    assert rates.statistics().publishers == 3
    assert wait_s(rates, some(1), 0.0, "p9") > 0


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 3)), min_size=1, max_size=60))
def test_whatever_comes_the_rate_holds_and_each_wait_is_long_enough(steps: list[tuple[int, float]]) -> None:
    rates = PublishRates(PublishRate(records=20))
    now_s, taken, largest = 0.0, 0, 0
    for count, pause_s in steps:
        now_s += pause_s
        wait = wait_s(rates, some(count), now_s)
        if wait:
            now_s += wait + 1e-6
            assert wait_s(rates, some(count), now_s) == 0.0
        taken, largest = taken + count, max(largest, count)
        assert taken <= 20 * (now_s + limits.PUBLISH_BURST_S) + largest + 1e-3


# Order


def put_off(*seqs: int) -> PutOff:
    held = PutOff()
    for seq in seqs:
        held.note("a", seq, RateLimitedError("wait", retry_after_s=1.0))
    return held


def is_taken(held: PutOff, room: str, seq: int) -> bool:
    try:
        held.check(room, seq)
    except RateLimitedError:
        return False
    return True


def test_what_follows_a_batch_that_was_put_off_waits_until_that_comes_again() -> None:
    held = put_off(7)
    assert [is_taken(held, "a", seq) for seq in (8, 9, 7, 8, 9)] == [False, False, True, True, True]


def test_other_rooms_and_earlier_batches_do_not_wait() -> None:
    held = put_off(7)
    assert is_taken(held, "b", 8)
    assert is_taken(held, "a", 3)
    assert not is_taken(held, "a", 8)


def test_the_first_that_was_put_off_is_the_one_that_counts() -> None:
    held = put_off(7, 9)
    assert not is_taken(held, "a", 8)
    assert is_taken(held, "a", 7)


def test_a_wait_in_words_is_never_none_at_all() -> None:
    rates = PublishRates(PublishRate(records=1000))
    rates.pay("p1", some(1001), 0.0)
    with pytest.raises(RateLimitedError, match=r"send it again in 0\.1 s"):
        rates.pay("p1", some(1), 0.0)
