"""What the contract says of a broker's log, as checks; what is wrong raises AssertionError."""

from __future__ import annotations

import asyncio
from typing import Final

from livedash import limits
from livedash.brokers.contract import BEFORE_ALL, Standing
from livedash.testing.two_hubs import POLL_S, WAIT_S, OpenBroker, raises_stale, read_all, two_hubs

_TRIES: Final = 3


async def entries_are_read_in_one_order_on_all_connections(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        await asyncio.gather(
            *(
                each.append(two.standing, [b"%s%d-%d" % (name, number, part) for part in range(3)])
                for number in range(10)
                for each, name in ((two.one, b"one"), (two.other, b"other"))
            )
        )
        read = await read_all(two.one, two.generation, 60)
        assert await read_all(two.other, two.generation, 60) == read
        marks = [mark for mark, _ in read]
        assert marks == sorted(set(marks)), "marks grow"
        assert marks[0] > BEFORE_ALL
        assert await two.one.end(two.generation) == marks[-1]
        entries = [entry for _, entry in read]
        for start in range(0, 60, 3):
            first = entries[start].partition(b"-")[0]
            assert entries[start : start + 3] == [first + b"-%d" % part for part in range(3)], "appends lie together"


async def a_read_goes_on_after_any_mark(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        await two.one.append(two.standing, [b"1", b"2", b"3"])
        await two.one.append(two.standing, [b"4"])
        whole = await read_all(two.one, two.generation, 4)
        for number, (mark, _) in enumerate(whole[:-1], 1):
            assert await read_all(two.other, two.generation, 4 - number, mark) == whole[number:]
        assert await read_all(two.other, two.generation, 4) == whole, "a connection reads from any place"


async def a_read_waits_for_what_comes(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        for number in range(20):
            after = await two.one.end(two.generation)
            waiting = asyncio.ensure_future(two.one.read(two.generation, after))
            await asyncio.sleep(POLL_S if number < 2 else 0)
            await two.other.append(two.standing, [b"%d" % number])
            assert [entry for _, entry in await waiting] == [b"%d" % number]


async def a_read_that_finds_nothing_says_so(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        (mark,) = await two.append(b"1")
        async with asyncio.timeout(WAIT_S):
            assert await two.one.read(two.generation, mark) == []
        await two.append(b"2")
        assert [entry for _, entry in await two.one.read(two.generation, mark)] == [b"2"]


async def entries_may_be_large_and_hold_any_byte(open_broker: OpenBroker) -> None:
    every_byte = bytes(range(256))
    large = [every_byte * 4096 * mib + b"%d" % mib for mib in (1, 5, 12)]
    for entries in ([b"", every_byte], large, [b"1", *large, b"2"], [b"%d" % number for number in range(10_000)]):
        async with two_hubs(open_broker) as two:
            await asyncio.gather(two.one.append(two.standing, entries), two.other.append(two.standing, [b"between"]))
            read = [entry for _, entry in await read_all(two.other, two.generation, len(entries) + 1)]
            assert read in ([*entries, b"between"], [b"between", *entries])


async def an_append_to_what_is_over_takes_nothing(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        await two.append(b"1")
        now = await two.next_generation()
        for over in (two.standing, Standing(now.run, now.generation, "another"), Standing(now.run, "other", now.run)):
            for each in (two.one, two.other):
                await raises_stale(each.append(over, [b"2", b"3"]))
        assert now.generation is not None
        assert await two.one.end(now.generation) == BEFORE_ALL
        await two.one.append(now, [b"4"])
        assert [entry for _, entry in await two.other.read(now.generation, BEFORE_ALL)] == [b"4"]


async def who_reads_hears_at_once_that_the_generation_is_over(open_broker: OpenBroker) -> None:
    took = []
    for _ in range(_TRIES):
        async with two_hubs(open_broker) as two:
            (mark,) = await two.append(b"1")
            waiting = asyncio.ensure_future(two.one.read(two.generation, mark))
            await asyncio.sleep(POLL_S)
            await two.next_generation()
            start_s = asyncio.get_running_loop().time()
            await raises_stale(waiting)
            took.append(asyncio.get_running_loop().time() - start_s)
            await raises_stale(two.one.read(two.generation, mark))
    assert min(took) < limits.BROKER_READ_S / 2, f"it was heard after {took} s"


async def a_mark_is_found_unless_it_was_trimmed(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        one, generation = two.one, two.generation
        assert await one.end(generation) == BEFORE_ALL
        assert await one.find(generation, BEFORE_ALL) == "there"
        marks = await two.append(b"1", b"2", b"3", b"4")
        assert [await one.find(generation, mark) for mark in (BEFORE_ALL, *marks)] == ["there"] * 5
        assert await one.find(generation, marks[-1] + (1 << 40)) == "lost"
        await one.trim(generation, marks[2])
        await one.trim(generation, marks[1])  # another hub's, which was slower
        found = [await two.other.find(generation, mark) for mark in (BEFORE_ALL, *marks)]
        assert found == ["trimmed", "trimmed", "trimmed", "there", "there"]
        assert await two.other.end(generation) == marks[3]
        assert await one.find(generation, marks[-1] + (1 << 40)) == "lost"


async def a_read_from_before_what_was_trimmed_is_no_hole(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        marks = await two.append(b"1", b"2", b"3", b"4")
        assert len(await read_all(two.other, two.generation, 2)) >= 2
        await two.one.trim(two.generation, marks[2])
        assert [entry for _, entry in await read_all(two.one, two.generation, 1, marks[2])] == [b"4"]
        for gone in (BEFORE_ALL, *marks[:2]):
            await raises_stale(two.other.read(two.generation, gone))


async def a_log_may_be_trimmed_to_its_last_entry(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        marks = await two.append(b"1", b"2")
        await two.one.trim(two.generation, marks[1])
        assert await two.one.end(two.generation) == marks[1]
        assert await two.one.find(two.generation, marks[1]) == "there"
        marks += await two.append(b"3")
        assert await two.other.read(two.generation, marks[1]) == [(marks[2], b"3")]
