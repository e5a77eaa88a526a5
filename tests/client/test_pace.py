from __future__ import annotations

from livedash import limits
from livedash.client.pace import Pace


def test_it_is_free_until_the_hub_puts_something_off() -> None:
    pace = Pace()
    pace.note_taken(1000)
    assert pace.lets_send(in_flight=60)
    assert pace.most_records == limits.PUBLISH_BATCH_RECORDS


def test_after_the_wait_one_batch_goes_at_a_time() -> None:
    pace = Pace()
    pace.put_off(0.5)
    assert not pace.lets_send(in_flight=0)
    pace.go_on()
    assert pace.lets_send(in_flight=0)
    assert not pace.lets_send(in_flight=1)


def test_batches_become_so_small_that_the_wait_after_one_is_about_a_second() -> None:
    pace = Pace()
    pace.note_taken(50_000)
    pace.put_off(500.0)
    pace.put_off(500.0)  # of the same flight
    assert pace.most_records == 100


def test_they_grow_while_all_is_taken_and_are_never_empty() -> None:
    pace = Pace()
    pace.note_taken(1)
    pace.put_off(1000.0)
    assert pace.most_records == 1
    pace.go_on()
    pace.note_taken(1)
    assert pace.most_records == 2
    for _ in range(100):
        pace.note_taken(1)
    assert pace.most_records == limits.PUBLISH_BATCH_RECORDS


def test_once_all_is_sent_it_is_free_again_and_knows_what_was_taken() -> None:
    pace = Pace()
    pace.put_off(1.0)
    pace.go_on()
    pace.note_taken(400)
    pace.relax()
    assert pace.lets_send(in_flight=9)
    pace.put_off(4.0)
    assert pace.most_records == 100


def test_a_hub_that_took_nothing_in_between_says_nothing_of_its_rate() -> None:
    pace = Pace()
    pace.put_off(60.0)
    assert pace.most_records == limits.PUBLISH_BATCH_RECORDS
