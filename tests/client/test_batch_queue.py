from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from livedash import limits
from livedash.client.batch_queue import BatchQueue
from livedash.wire.batch import Batch
from tests.client.hub_on_the_line import numbered

JOIN_BYTES = 10_000


def values(batches: list[Batch]) -> list[int]:
    return [record["n"] for batch in batches for record in batch.records()]


@given(counts=st.lists(st.integers(1, 60), max_size=60), taken=st.integers(0, 20))
def test_queue_keeps_records_in_order_and_counts_them_however_they_are_joined_and_taken(
    counts: list[int], taken: int
) -> None:
    queue, pushed, got = BatchQueue(JOIN_BYTES), 0, []
    for index, count in enumerate(counts):
        queue.append(numbered(*range(pushed, pushed + count)))
        pushed += count
        if queue and index % 3 == 0 and taken > index:
            got.append(queue.take_joined())
    assert queue.records == sum(batch.count for batch in queue)
    assert queue.nbytes == sum(batch.nbytes for batch in queue)
    while queue:
        got.append(queue.popleft())
    assert values(got) == list(range(pushed))
    assert (queue.records, queue.nbytes) == (0, 0)


def test_hours_of_small_pushes_become_few_batches() -> None:
    queue = BatchQueue(limits.PUBLISH_BATCH_BYTES)
    for number in range(10_000):
        queue.append(numbered(number))
    assert len(list(queue)) < 20
    assert values(list(queue)) == list(range(10_000))


def test_joined_batches_stay_below_the_bound_and_a_larger_one_stays_whole() -> None:
    queue = BatchQueue(JOIN_BYTES)
    large = numbered(*range(2000))
    queue.append(large)
    for number in range(1000):
        queue.append(numbered(number))
    batches = list(queue)
    assert batches[0] is large
    assert all(batch.nbytes <= JOIN_BYTES for batch in batches[1:])


def test_what_is_taken_together_stays_below_the_bound_and_is_at_least_one_batch() -> None:
    queue = BatchQueue(JOIN_BYTES)
    queue.append(numbered(*range(2000)))
    queue.append(numbered(1))
    queue.append(numbered(2))
    assert queue.take_joined().count == 2000
    assert values([queue.take_joined()]) == [1, 2]
    assert not queue


def test_cleared_queue_is_empty() -> None:
    queue = BatchQueue(JOIN_BYTES)
    queue.append(numbered(1, 2))
    queue.clear()
    assert (bool(queue), queue.records, queue.nbytes, list(queue)) == (False, 0, 0, [])
