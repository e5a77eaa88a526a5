from __future__ import annotations

from livedash.brokers.entries import Entry, SharedChange, entry_of_bytes
from livedash.brokers.outgoing import Outgoing
from livedash.core.changes import NOBODY, Append, Clear, Moment, Result
from tests.brokers.hubs import batch


def add(outgoing: Outgoing, number: int, change: SharedChange | None = None) -> list[Result]:
    """What is answered to it."""
    answers: list[Result] = []
    outgoing.add(Entry("a", number, Moment(0), change or Clear("train")), answers.append, NOBODY)
    return answers


def test_entries_go_once_in_order_and_some_at_a_time() -> None:
    outgoing = Outgoing()
    for number in (1, 2, 3):
        add(outgoing, number)
    size = outgoing.nbytes // 3
    assert [len(outgoing.take(2 * size)) for _ in range(3)] == [2, 1, 0]


def test_one_entry_goes_however_large_it_is() -> None:
    outgoing = Outgoing()
    add(outgoing, 1)
    assert len(outgoing.take(1)) == 1


def test_what_was_not_read_back_goes_again_in_order() -> None:
    outgoing = Outgoing()
    for number in (1, 2, 3):
        add(outgoing, number)
    sent = outgoing.take(10**6)
    outgoing.answered(1)
    outgoing.send_again()
    assert (outgoing.take(10**6), len(outgoing)) == (sent[1:], 2)


def test_what_came_before_all_that_waits_goes_first_and_again_first() -> None:
    outgoing = Outgoing()
    add(outgoing, 1)
    add(outgoing, 2)
    outgoing.add(Entry("a", 3, Moment(0), Clear("other")), lambda _: None, NOBODY, is_first=True)
    sent = outgoing.take(10**6)
    assert [entry_of_bytes(each).number for each in sent] == [3, 1, 2]
    outgoing.send_again()
    assert outgoing.take(10**6) == sent


def test_what_was_read_back_is_let_go() -> None:
    outgoing = Outgoing()
    answers = add(outgoing, 1)
    asked = outgoing.answered(1)
    assert asked is not None
    asked.answer(None)
    assert (answers, outgoing.nbytes, outgoing.answered(1)) == ([None], 0, None)


def test_a_batch_that_comes_again_while_it_is_on_its_way_goes_once_and_all_who_wait_are_answered() -> None:
    outgoing = Outgoing()
    change = Append("train", batch(1), "p1", 7)
    answers = add(outgoing, 1, change)
    assert outgoing.joins(change, answers.append)
    assert not outgoing.joins(Append("train", batch(1), "p1", 8), answers.append)
    assert not outgoing.joins(Append("train", batch(1)), answers.append)
    asked = outgoing.answered(1)
    assert asked is not None
    asked.answer(None)
    assert answers == [None, None]
    assert not outgoing.joins(change, answers.append)


def test_what_the_shelves_had_is_let_go() -> None:
    outgoing = Outgoing()
    for number in (1, 2, 3):
        add(outgoing, number)
    assert [asked.entry.number for asked in outgoing.answered_if(lambda number: number != 2)] == [1, 3]
    assert len(outgoing) == 1


def test_what_was_read_back_in_vain_comes_first_again() -> None:
    outgoing = Outgoing()
    change = Append("train", batch(1), "p1", 7)
    add(outgoing, 1, change)
    for number in (2, 3):
        add(outgoing, number)
    size = outgoing.nbytes
    read_back = [asked for number in (1, 2) if (asked := outgoing.answered(number)) is not None]
    outgoing.put_back(read_back)
    outgoing.send_again()
    assert [entry_of_bytes(each).number for each in outgoing.take(10**6)] == [1, 2, 3]
    assert outgoing.nbytes == size
    assert outgoing.joins(change, lambda _: None)
