"""A notebook's kernel: its loop, nested loops, interrupts and restarts do not disturb what its cells push."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.kernel import Kernel
from tests.client.outside import Outside
from tests.end_to_end.processes import wait_until
from tests.end_to_end.serve import ServeProcess

LIMIT_S = 20.0
FLUSHED = "assert ld.flush(20) == 0"


@pytest.fixture
def kernel(serve: ServeProcess, tmp_path: Path) -> Iterator[Kernel]:
    with Kernel(tmp_path, serve.environment) as started:
        started.run("import asyncio, threading, livedash as ld")
        yield started


# Loops


def test_coroutines_push_and_wait_on_the_kernels_own_loop(kernel: Kernel, outside: Outside) -> None:
    kernel.run(
        """
        async def push(first, last):
            for n in range(first, last):
                ld.push("kernel.await", n=n)
                await asyncio.sleep(0)

        await push(0, 100)
        later = asyncio.ensure_future(push(100, 200))
        """
    )
    told = kernel.run(
        """
        await later
        print(ld.flush(20), len(ld.room("kernel.await").records()), ld.status().state)
        """
    )
    assert told.split() == ["0", "200", "connected"]
    assert outside.values("kernel.await") == list(range(200))


def test_loops_in_threads_and_nested_in_a_cell_leave_the_sender_alone(kernel: Kernel, outside: Outside) -> None:
    room = "kernel.nested"
    kernel.run(
        f"""
        async def push(first, last):
            for n in range(first, last):
                ld.push("{room}", n=n)
                await asyncio.sleep(0)
            return ld.flush(20)

        await push(0, 10)
        """
    )
    assert kernel.run_failing("asyncio.run(push(10, 20))") == "RuntimeError"  # as ever: a loop runs here already
    told = kernel.run(
        """
        thread = threading.Thread(target=lambda: asyncio.run(push(10, 20)))
        thread.start()
        thread.join()
        import nest_asyncio2
        nest_asyncio2.apply()
        print(asyncio.run(push(20, 30)), asyncio.get_event_loop().run_until_complete(push(30, 40)))
        """
    )
    assert told.split() == ["0", "0"]
    kernel.run(f"await push(40, 50); {FLUSHED}")
    assert outside.values(room) == list(range(50))


def test_feed_is_read_in_the_kernels_loop_while_a_task_pushes(kernel: Kernel, serve: ServeProcess) -> None:
    told = kernel.run(
        f"""
        async def push():
            for n in range(50):
                ld.push("kernel.feed", n=n)
                await asyncio.sleep(0.001)

        pushing = asyncio.ensure_future(push())
        seen = []
        async for record in ld.connect("{serve.url}", rooms="kernel.feed", since="earliest"):
            seen.append(record["n"])
            if len(seen) == 50:
                break
        print(seen == list(range(50)))
        """
    )
    assert told == "True\n"


# Ends of cells and of kernels


def test_interrupted_cell_leaves_what_it_pushed_and_the_next_one_goes_on(kernel: Kernel, outside: Outside) -> None:
    kernel.begin(
        """
        import itertools, time
        for n in itertools.count():
            ld.push("kernel.interrupt", n=n)
            time.sleep(0.001)
        """
    )
    wait_until(lambda: len(outside.records("kernel.interrupt")) > 50, LIMIT_S, "records of the cell arrive")
    kernel.interrupt()
    last = int(kernel.run(f"ld.push('kernel.interrupt', n=-1); {FLUSHED}; print(n)"))
    values = outside.values("kernel.interrupt")
    assert values[-1] == -1
    assert values[:-1] in (list(range(last + 1)), list(range(last)))  # it may have been interrupted in the push itself


def test_restarted_kernel_flushes_first_and_the_new_one_goes_on_in_the_same_room(
    kernel: Kernel, outside: Outside
) -> None:
    for life in range(3):
        kernel.run(
            f"""
            import livedash as ld
            for n in range({life * 1000}, {life * 1000 + 1000}):
                ld.push("kernel.restart", n=n)
            """
        )
        kernel.restart()
    assert outside.values("kernel.restart") == list(range(3000))
    room = outside.host.ask("GET", "rooms/kernel.restart")[1]
    assert (room["offset"], room["first"]) == (3000, 1)


def test_killed_kernel_leaves_what_was_acknowledged_and_the_new_one_goes_on(kernel: Kernel, outside: Outside) -> None:
    kernel.run(
        f"""
        for n in range(1000):
            ld.push("kernel.kill", n=n)
        {FLUSHED}
        for n in range(1000, 2000):
            ld.push("kernel.kill", n=n)
        """
    )
    kernel.restart(now=True)
    kernel.run(f"import livedash as ld; ld.push('kernel.kill', n=-1); {FLUSHED}")
    values = outside.values("kernel.kill")
    assert values[-1] == -1
    assert values[:-1] == list(range(len(values) - 1))
    assert len(values) > 1000


def test_kernel_whose_hub_does_not_answer_ends_after_two_seconds_and_says_what_is_lost(
    kernel: Kernel, serve: ServeProcess
) -> None:
    kernel.run(f"ld.push('kernel.frozen', n=0); {FLUSHED}")
    serve.process.pause()
    try:
        kernel.run("ld.push('kernel.frozen', [{'n': 1}, {'n': 2}])")
        begun_s = time.monotonic()
        kernel.end()
        assert time.monotonic() - begun_s < LIMIT_S  # a script would wait for 30 s
    finally:
        serve.process.resume()
    assert "livedash: 2 records were not delivered: the hub did not acknowledge them in time" in kernel.log()
