"""A process that forks: parent and child each publish what they pushed themselves, and nothing of the other's."""

from __future__ import annotations

import pytest

from tests.client.outside import Outside

PARENT_AND_CHILD = """
    import os, sys
    import livedash as ld

    for n in range(300):
        ld.push("fork.parent", n=n)         # many of these are still in the buffer when the process forks
    child = os.fork()
    if child == 0:
        for n in range(200):
            ld.push("fork.child", n=n)
        {end}
    for n in range(300, 600):
        ld.push("fork.parent", n=n)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == {status}
    for n in range(600, 700):
        ld.push("fork.parent", n=n)
"""


@pytest.mark.parametrize(
    ("end", "status"),
    [("sys.exit(0)", 0), ("raise SystemExit(3)", 3), ("assert ld.flush(20) == 0; os._exit(0)", 0), ("1 / 0", 1)],
    ids=["exit", "status", "flush and _exit", "error"],
)
def test_each_record_of_parent_and_child_arrives_once_and_in_order(outside: Outside, end: str, status: int) -> None:
    source = PARENT_AND_CHILD.replace("fork.", f"fork{status}{len(end)}.").format(end=end, status=status)
    ended = outside.run(source)
    assert ended.status == 0, ended.said
    assert "livedash" not in ended.said.replace("import livedash", "")
    assert outside.values(f"fork{status}{len(end)}.parent") == list(range(700))
    assert outside.values(f"fork{status}{len(end)}.child") == list(range(200))


def test_both_go_on_in_one_room_while_threads_of_the_parent_push(outside: Outside) -> None:
    ended = outside.run(
        """
        import os, sys, threading
        import livedash as ld

        def push(who, count):
            for n in range(count):
                ld.push("forks.one", n=n, who=who)

        threads = [threading.Thread(target=push, args=(f"thread{i}", 3000)) for i in range(3)]
        for thread in threads:
            thread.start()
        children = []
        for i in range(5):                   # at any moment of what the threads and the sender do
            push("parent%d" % i, 50)
            child = os.fork()
            if child == 0:
                push(f"child{i}", 500)
                sys.exit(0)
            children.append(child)
        for child in children:
            assert os.waitpid(child, 0)[1] == 0
        for thread in threads:
            thread.join()
        """
    )
    assert (ended.status, ended.said) == (0, "")
    found: dict[str, list[int]] = {}
    for record in outside.records("forks.one"):
        found.setdefault(record["who"], []).append(record["n"])
    expected = {f"thread{i}": 3000 for i in range(3)} | {f"child{i}": 500 for i in range(5)}
    expected |= {f"parent{i}": 50 for i in range(5)}
    assert found == {who: list(range(count)) for who, count in expected.items()}


def test_nothing_is_imported_while_the_process_may_fork(outside: Outside) -> None:
    ended = outside.run(
        """
        import sys
        import livedash as ld

        push, before = ld.push, set(sys.modules)
        push("forks.light", n=0)
        assert ld.flush(20) == 0
        print(*sorted(set(sys.modules) - before))
        """
    )
    assert (ended.status, ended.said) == (0, "\n")


def test_child_of_a_child_publishes_too(outside: Outside) -> None:
    ended = outside.run(
        """
        import os, sys
        import livedash as ld

        ld.push("forks.depth", n=0)
        for depth in range(1, 4):
            child = os.fork()
            if child:
                os.waitpid(child, 0)
                sys.exit(0)
            ld.push("forks.depth", n=depth)
        """
    )
    assert (ended.status, ended.said) == (0, "")
    assert sorted(outside.values("forks.depth")) == [0, 1, 2, 3]


def test_parent_goes_on_when_a_child_that_never_pushed_ends(outside: Outside) -> None:
    ended = outside.run(
        """
        import os
        import livedash as ld

        ld.push("forks.quiet", n=0)
        assert ld.flush(20) == 0
        if os.fork() == 0:
            os._exit(0)
        os.wait()
        ld.push("forks.quiet", n=1)
        assert ld.flush(20) == 0
        assert ld.status().state == "connected"
        """
    )
    assert (ended.status, ended.said) == (0, "")
    assert outside.values("forks.quiet") == [0, 1]


def test_child_without_a_hub_is_told_what_ends_with_it(outside: Outside) -> None:
    ended = outside.run(
        """
        import os, sys
        import livedash as ld

        ld.push("forks.alone", n=0)
        ld.flush(5)
        if os.fork() == 0:
            ld.push("forks.alone", [{"n": 1}, {"n": 2}])
            sys.exit(0)
        os.wait()
        """,
        extra={"LIVEDASH_URL": ""},
    )
    assert ended.status == 0
    assert [line.split(",")[1].split(";")[0] for line in ended.said.splitlines()] == [
        " so 2 records end with this process",
        " so 1 records end with this process",
    ]
