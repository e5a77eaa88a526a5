from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from livedash.client import loop_thread
from livedash.client.loop_thread import LoopThread


@pytest.fixture
def thread() -> LoopThread:
    return LoopThread("test loop")


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "test loop"]


def refuse(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def fail() -> None:
    raise ValueError("mine")


def test_thread_starts_when_it_is_first_used_once_and_holds_no_exit(thread: LoopThread) -> None:
    before = threads()
    assert thread.call(threading.current_thread) is thread.call(threading.current_thread)
    (started,) = [each for each in threads() if each not in before]
    assert started.daemon
    assert thread.call(threading.current_thread) is started


def test_many_threads_that_use_it_first_at_once_start_it_once(thread: LoopThread) -> None:
    loops: list[asyncio.AbstractEventLoop] = []
    users = [threading.Thread(target=lambda: loops.append(thread.loop)) for _ in range(20)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert len(set(loops)) == 1


def test_function_gives_its_result_or_raises_where_it_was_called(thread: LoopThread) -> None:
    assert thread.call(lambda a, b: a + b, 1, 2) == 3
    with pytest.raises(ValueError, match="mine"):
        thread.call(fail)


def test_function_that_is_called_on_the_thread_itself_runs_at_once(thread: LoopThread) -> None:
    assert not thread.is_current()
    assert thread.call(lambda: thread.is_current() and thread.call(lambda: 7)) == 7


def test_coroutine_that_takes_too_long_is_given_up(thread: LoopThread) -> None:
    with pytest.raises(TimeoutError):
        thread.run(asyncio.sleep(60), timeout_s=0.01)


def test_functions_are_called_in_the_order_in_which_they_were_given(thread: LoopThread) -> None:
    seen: list[int] = []
    for number in range(100):
        thread.call_soon(seen.append, number)
    assert thread.call(lambda: list(seen)) == list(range(100))


# Where no thread begins


def test_refused_thread_is_the_callers_error_and_the_next_use_tries_again(
    thread: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            thread.call(int)
    assert thread.call(lambda: 7) == 7


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter ends, and begins no thread any more."""
    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(loop_thread, "is_interpreter_ending", lambda: True)


@pytest.mark.usefixtures("ending")
def test_caller_runs_the_loop_himself_once_the_interpreter_ends(thread: LoopThread) -> None:
    seen: list[int] = []
    thread.call_soon(seen.append, 1)
    assert thread.call(lambda: [*seen, 2]) == [1, 2]
    assert thread.call(threading.current_thread) is threading.current_thread()
    with pytest.raises(TimeoutError):
        thread.run(asyncio.sleep(60), timeout_s=0.01)
    with pytest.raises(ValueError, match="mine"):
        thread.call(fail)
    thread.loop.close()


def test_threads_that_run_the_loop_themselves_take_turns(thread: LoopThread, monkeypatch: pytest.MonkeyPatch) -> None:
    start: Callable[[threading.Thread], None] = threading.Thread.start
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        patched.setattr(loop_thread, "is_interpreter_ending", lambda: True)
        assert thread.call(lambda: 0) == 0
    results: list[int] = []

    async def slowly(number: int) -> int:
        await asyncio.sleep(0.01)
        return number

    users = [threading.Thread(target=lambda n=n: results.append(thread.run(slowly(n)))) for n in range(5)]
    for user in users:
        start(user)
    for user in users:
        user.join()
    assert sorted(results) == list(range(5))
    thread.loop.close()
