from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any

import pytest

from livedash.sources.turns import ExhaustedError, Turns

LIMIT_S = 10.0


def generator() -> Iterator[int]:
    yield 1
    yield 2


async def async_generator() -> AsyncIterator[int]:
    yield 1
    await asyncio.sleep(0)
    yield 2


async def async_function() -> int:
    await asyncio.sleep(0)
    return 7


def test_function_is_called_for_each_turn() -> None:
    calls = iter([1, 2])
    with closing(Turns(lambda: next(calls, None))) as turns:
        assert [turns.take(), turns.take(), turns.take()] == [1, 2, None]


def test_async_function_is_awaited_for_each_turn() -> None:
    with closing(Turns(async_function)) as turns:
        assert [turns.take(), turns.take()] == [7, 7]


@pytest.mark.parametrize("function", [generator, async_generator])
def test_generator_gives_a_record_a_turn_until_it_is_exhausted(function: Any) -> None:
    with closing(Turns(function)) as turns:
        assert [turns.take(), turns.take()] == [1, 2]
        with pytest.raises(ExhaustedError):
            turns.take()


def test_generator_that_failed_is_started_anew() -> None:
    starts: list[int] = []

    def failing() -> Iterator[int]:
        starts.append(len(starts))
        yield starts[-1]
        raise OSError("gone")

    with closing(Turns(failing)) as turns:
        assert turns.take() == 0
        with pytest.raises(OSError, match="gone"):
            turns.take()
        assert turns.take() == 1


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_close_runs_the_end_of_a_generator(kind: str) -> None:
    closed: list[str] = []

    def one() -> Iterator[int]:
        try:
            yield 1
        finally:
            closed.append("sync")

    async def other() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            closed.append("async")

    turns = Turns(one if kind == "sync" else other)
    turns.take()
    turns.close()
    assert closed == [kind]


def test_interrupt_cancels_what_an_async_function_waits_for() -> None:
    waiting = threading.Event()

    async def forever() -> None:
        waiting.set()
        await asyncio.Event().wait()

    turns = Turns(forever)
    ended: list[type[BaseException]] = []

    def run() -> None:
        try:
            turns.take()
        except ExhaustedError as error:
            ended.append(type(error))
        turns.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert waiting.wait(LIMIT_S)
    turns.interrupt()
    thread.join(LIMIT_S)
    assert ended == [ExhaustedError]


def test_interrupt_before_the_first_turn_and_after_the_end_is_heard() -> None:
    turns = Turns(async_function)
    turns.interrupt()
    with pytest.raises(ExhaustedError):
        turns.take()
    turns.close()
    turns.interrupt()
