"""A script ends, one way or another: what it pushed is at the hub, or it is told that it is not."""

from __future__ import annotations

import signal

import pytest

from tests.client.outside import Outside
from tests.end_to_end.processes import END_LIMIT_S

NO_HUB = {"LIVEDASH_URL": "http://127.0.0.1:9/"}
NOT_DELIVERED = "livedash: {} records were not delivered: no hub answers at http://127.0.0.1:9/"


@pytest.mark.parametrize("end", ["pass", "sys.exit(0)", "raise SystemExit", "1 / 0"])
def test_last_records_of_a_script_arrive_however_it_ends(outside: Outside, end: str) -> None:
    room = f"exit.end{len(end)}"
    ended = outside.run(
        f"""
        import sys
        import livedash as ld
        for n in range(1000):
            ld.push("{room}", n=n)
        {end}
        """
    )
    assert "livedash:" not in ended.said
    assert outside.values(room) == list(range(1000))


def test_what_exit_handlers_push_arrives_whether_they_run_before_or_after_ours(outside: Outside) -> None:
    ended = outside.run(
        """
        import atexit
        atexit.register(lambda: [ld.push("exit.handlers", n=n) for n in range(200, 230)])
        import livedash as ld
        ld.push("exit.handlers", n=0)                                                 # from here on ours is registered
        atexit.register(lambda: [ld.push("exit.handlers", n=n) for n in range(1, 200)])  # the last one runs first
        """
    )
    assert (ended.status, ended.said) == (0, "")
    assert outside.values("exit.handlers") == list(range(230))


def test_what_only_an_exit_handler_pushes_arrives(outside: Outside) -> None:
    ended = outside.run(
        """
        import atexit
        import livedash as ld
        atexit.register(lambda: [ld.push("exit.only", n=n) for n in range(50)])
        """
    )
    assert (ended.status, ended.said) == (0, "")
    assert outside.values("exit.only") == list(range(50))


def test_exit_handler_that_is_the_first_to_push_after_our_own_publishes(outside: Outside) -> None:
    ended = outside.run(
        """
        import atexit
        atexit.register(lambda: [ld.push("exit.late", n=n) for n in range(20)])
        import livedash as ld
        """
    )
    assert (ended.status, ended.said) == (0, "")
    assert outside.values("exit.late") == list(range(20))


def test_threads_that_nobody_waits_for_go_on_pushing_and_hold_no_exit(outside: Outside) -> None:
    ended = outside.run(
        """
        import atexit, itertools, threading, time
        import livedash as ld

        done = [0] * 3

        def push(who):
            for n in itertools.count():
                ld.push(f"exit.daemon{who}", n=n)
                done[who] = n
                if n % 10 == 0:
                    time.sleep(0)

        for who in range(3):
            threading.Thread(target=push, args=(who,), daemon=True).start()
        while min(done) < 1000:
            time.sleep(0.01)
        atexit.register(lambda: print(*done))
        """
    )
    assert ended.status == 0, ended.said
    assert "livedash" not in ended.said
    pushed = [int(number) for number in ended.said.split()]
    for who in range(3):
        values = outside.values(f"exit.daemon{who}")
        assert values == list(range(len(values)))
        assert len(values) > pushed[who] > 0  # all that was pushed when the exit began


def test_thread_that_is_waited_for_publishes_to_its_last_record(outside: Outside) -> None:
    ended = outside.run(
        """
        import threading, time
        import livedash as ld

        def push():
            for n in range(100):
                ld.push("exit.thread", n=n)
                time.sleep(0.002)

        threading.Thread(target=push).start()
        """
    )
    assert (ended.status, ended.said) == (0, "")
    assert outside.values("exit.thread") == list(range(100))


# Records that do not get there


def test_records_that_reach_no_hub_are_counted_once_on_stderr(outside: Outside) -> None:
    ended = outside.run(
        """
        import atexit
        atexit.register(lambda: ld.push("exit.lost", n=3))
        import livedash as ld
        from livedash import limits
        limits.FLUSH_AT_EXIT_SCRIPT_S = 0.5
        ld.push("exit.lost", [{"n": 1}, {"n": 2}])
        """,
        extra=NO_HUB,
    )
    assert ended.status == 0
    assert ended.said.startswith(NOT_DELIVERED.format(2))
    assert len(ended.said.splitlines()) == 1


def test_hub_that_refuses_the_login_is_told_at_once(outside: Outside) -> None:
    ended = outside.run("import livedash as ld; ld.push('exit.refused', n=1)", extra={"LIVEDASH_TOKEN": "wrong"})
    assert ended.status == 0
    assert ended.said.startswith("livedash: 1 records were not delivered: ")
    assert "log" in ended.said


def test_interrupt_ends_the_wait_and_what_is_lost_is_told(outside: Outside) -> None:
    script = outside.start(
        "import livedash as ld; ld.push('exit.ctrl_c', n=1); print('ends', flush=True)", extra=NO_HUB
    )
    try:
        script.wait_until(lambda: "ends" in script.log(), END_LIMIT_S, "the script comes to its end")
        script.process.send_signal(signal.SIGINT)
        script.process.wait(END_LIMIT_S)  # the flush alone would take 30 s
    finally:
        script.end()
    # with the reason that is known by then: whether a hub answers at all may not be
    assert script.log().splitlines()[-1].startswith("livedash: 1 records were not delivered: ")
    assert "Traceback" not in script.log()


# Ends that give no time


CUT_OFF = """
    import os, sys
    import livedash as ld

    for n in range({count}):
        ld.push("{room}", n=n)
    if {is_flushed}:
        assert ld.flush(20) == 0
        for n in range({count}, 2 * {count}):
            ld.push("{room}", n=n)
    os._exit(7)
"""


@pytest.mark.parametrize("is_flushed", [False, True], ids=["at once", "after a flush"])
def test_process_that_is_cut_off_leaves_a_whole_beginning_of_what_it_pushed_and_the_hub_goes_on(
    outside: Outside, is_flushed: bool
) -> None:
    room, count = f"exit.cut{is_flushed}", 20_000
    for _ in range(3):
        ended = outside.run(CUT_OFF.format(room=room, count=count, is_flushed=is_flushed))
        assert (ended.status, ended.said) == (7, "")
        values = outside.values(room)
        assert values == list(range(len(values)))  # nothing doubled, nothing left out between
        assert len(values) >= (count if is_flushed else 0)
        outside.host.ask("DELETE", f"rooms/{room}")
    assert outside.run(f"import livedash as ld; ld.push('{room}', n=0)").said == ""
    assert outside.values(room) == [0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_process_that_is_killed_while_it_pushes_leaves_whole_records_in_order(
    outside: Outside, number: signal.Signals
) -> None:
    room = f"exit.{number.name}"
    script = outside.start(
        f"""
        import itertools
        import livedash as ld
        for n in itertools.count():
            ld.push("{room}", n=n, text="x" * 1000)
        """
    )
    try:
        script.wait_until(lambda: len(outside.records(room)) > 100, END_LIMIT_S, "records arrive")
        script.process.send_signal(number)
        assert script.process.wait(END_LIMIT_S) == -number
    finally:
        script.end()
    records = outside.records(room)
    first = records[0]["n"]
    assert [record["n"] for record in records] == list(range(first, first + len(records)))
    assert all(record["text"] == "x" * 1000 for record in records)
