"""Children of `multiprocessing` end without exit handlers: what they pushed is published all the same."""

from __future__ import annotations

import pytest

from tests.client.outside import Outside

METHODS = ["fork", "spawn", "forkserver"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("before", ["pass", "ld.push('{room}.parent', n=0)"], ids=["idle", "pushing"])
def test_records_of_parent_and_children_arrive_once_and_in_order(outside: Outside, method: str, before: str) -> None:
    room = f"mp.{method}.{len(before)}"
    ended = outside.run(
        f"""
        import multiprocessing as mp
        import livedash as ld

        def work(i):
            for n in range(200):
                ld.push(f"{room}.child{{i}}", n=n)

        if __name__ == "__main__":
            context = mp.get_context("{method}")
            {before.format(room=room)}
            children = [context.Process(target=work, args=(i,)) for i in range(3)]
            for child in children:
                child.start()
            for n in range(1, 200):
                ld.push("{room}.parent", n=n)
            for child in children:
                child.join()
                assert child.exitcode == 0
        """
    )
    assert (ended.status, ended.said) == (0, "")
    assert outside.values(f"{room}.parent") == list(range(1 if before == "pass" else 0, 200))
    for i in range(3):
        assert outside.values(f"{room}.child{i}") == list(range(200))


@pytest.mark.parametrize("end", ["sys.exit(3)", "raise ValueError('mine')"])
@pytest.mark.parametrize("method", METHODS)
def test_child_that_ends_otherwise_publishes_its_last_records(outside: Outside, method: str, end: str) -> None:
    room = f"mp.end.{method}.{len(end)}"
    outside.run(
        f"""
        import multiprocessing as mp, sys
        import livedash as ld

        def work():
            ld.push("{room}", n=0)
            {end}

        if __name__ == "__main__":
            child = mp.get_context("{method}").Process(target=work)
            child.start()
            child.join()
        """
    )
    assert outside.values(room) == [0]


@pytest.mark.parametrize("method", METHODS)
def test_workers_of_an_executor_and_of_a_pool_that_is_closed_publish_all(outside: Outside, method: str) -> None:
    ended = outside.run(
        f"""
        import concurrent.futures, multiprocessing as mp
        import livedash as ld

        def work(n):
            ld.push("mp.pool.{method}", n=n)

        if __name__ == "__main__":
            context = mp.get_context("{method}")
            with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as executor:
                list(executor.map(work, range(100)))
            pool = context.Pool(2)
            pool.map(work, range(100, 200))
            pool.close()
            pool.join()
        """
    )
    assert (ended.status, ended.said) == (0, "")
    assert sorted(outside.values(f"mp.pool.{method}")) == list(range(200))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_what_the_users_own_finalizers_push_arrives_too(outside: Outside, method: str) -> None:
    ended = outside.run(
        f"""
        import multiprocessing as mp
        from multiprocessing import util
        import livedash as ld

        def last():
            ld.push("mp.final.{method}", n=1)

        def work():
            util.Finalize(None, last, exitpriority=0)
            ld.push("mp.final.{method}", n=0)

        if __name__ == "__main__":
            child = mp.get_context("{method}").Process(target=work)
            child.start()
            child.join()
        """
    )
    assert (ended.status, ended.said) == (0, "")
    assert outside.values(f"mp.final.{method}") == [0, 1]


@pytest.mark.parametrize("method", METHODS)
def test_child_that_reaches_no_hub_says_once_what_is_lost_and_ends(outside: Outside, method: str) -> None:
    ended = outside.run(
        f"""
        import multiprocessing as mp
        import livedash as ld
        from livedash import limits

        def work():
            limits.FLUSH_AT_EXIT_SCRIPT_S = 0.5
            ld.push("mp.lost", [{{"n": 0}}, {{"n": 1}}])

        if __name__ == "__main__":
            child = mp.get_context("{method}").Process(target=work)
            child.start()
            child.join()
        """,
        extra={"LIVEDASH_URL": "http://127.0.0.1:9/"},
    )
    assert ended.status == 0
    assert ended.said.count("livedash: 2 records were not delivered: no hub answers at http://127.0.0.1:9/") == 1
    assert len(ended.said.splitlines()) == 1


def test_machinery_of_multiprocessing_is_not_imported_for_it(outside: Outside) -> None:
    ended = outside.run(
        """
        import sys
        import livedash as ld

        ld.push("mp.light", n=0)
        ld.flush(10)
        print("multiprocessing.util" in sys.modules)
        """
    )
    assert (ended.status, ended.said) == (0, "False\n")
