"""What the contract says of a broker's generations, shelves and nodes, as checks; what is wrong raises AssertionError."""

from __future__ import annotations

import asyncio
from typing import Final

from livedash.brokers.contract import BEFORE_ALL, Standing
from livedash.testing.two_hubs import OpenBroker, new_id, raises_stale, tries, two_hubs

_MIB: Final = 1024 * 1024
_SHORT_S: Final = 0.2
_LONG_S: Final = 120.0
_TRIES: Final = 3


# Generations


async def one_of_two_hubs_begins(open_broker: OpenBroker) -> None:
    for _ in range(_TRIES):
        async with two_hubs(open_broker) as two:
            names = [new_id(), new_id()]
            for name in names:
                await two.one.put(name, "shelf", {"field": name.encode()})
            took = await asyncio.gather(two.one.begin(two.standing, names[0]), two.other.begin(two.standing, names[1]))
            assert sorted(took) == [False, True]
            winner, loser = names if took[0] else names[::-1]
            await two.one.forget(loser)
            assert await two.other.connect() == Standing(two.standing.run, winner, two.standing.run)
            assert await two.other.load(winner) == {"shelf": {"field": winner.encode()}}


async def what_stands_is_settled_and_nothing_else(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        assert await two.one.settle(two.standing)
        run = two.standing.run
        assert not await two.one.settle(Standing(run, two.generation, "another"))
        assert not await two.other.settle(Standing(run, "other", run))
        assert not await two.other.begin(Standing(run, two.generation, "another"), new_id())
        assert await two.one.connect() == two.standing
        assert two.standing.is_settled


async def what_is_over_has_no_shelves(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        await two.one.put(two.generation, "shelf", {"field": b"1"})
        assert await two.other.load(two.generation) == {"shelf": {"field": b"1"}}
        await two.next_generation()
        await raises_stale(two.one.load(two.generation))
        await raises_stale(two.one.put(two.generation, "shelf", {"field": b"2"}))
        await raises_stale(two.other.load(two.generation))


# Shelves


async def a_shelf_holds_what_was_put(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        one, other, generation = two.one, two.other, two.generation
        assert await one.load(generation) == {}
        assert await one.get(generation, "a") == {}
        assert await one.fields(generation, "a") == []
        await one.put(generation, "a", {"1": b"x", "2": b"y", "3": b""})
        await one.put(generation, "a", {"1": b"z", "2": None, "4": b"w", "never": None})
        await other.put(generation, "b", {"1": b"v"})
        assert await other.get(generation, "a") == {"1": b"z", "3": b"", "4": b"w"}
        assert sorted(await other.fields(generation, "a")) == ["1", "3", "4"]
        assert await one.load(generation) == {"a": {"1": b"z", "3": b"", "4": b"w"}, "b": {"1": b"v"}}
        await other.put(generation, "a", {"1": None, "3": None, "4": None})
        assert await one.load(generation) == {"b": {"1": b"v"}}, "a shelf without a field is gone"
        assert (await one.get(generation, "a"), await one.fields(generation, "a")) == ({}, [])
        await one.put(generation, "a", {"1": b"again"})
        assert await other.load(generation) == {"a": {"1": b"again"}, "b": {"1": b"v"}}


async def shelves_take_any_name_and_any_byte(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        names = ("room:a.b", "room:a", "room:*", ">", "room:ü ß", "a/b\\c", "{x}:1", "n" * 200)
        shelf = {name: name.encode() + bytes(range(256)) for name in names}
        for name in names:
            await two.one.put(two.generation, name, shelf)
        assert await two.other.load(two.generation) == dict.fromkeys(names, shelf)
        assert sorted(await two.other.fields(two.generation, "room:*")) == sorted(names)


async def shelves_take_large_values_and_smaller_ones_in_their_place(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        for mib in (9, 3, 0, 5):
            shelf = {"state": bytes([mib]) * mib * _MIB, "row": b"x" * (_MIB + mib), "more": b"y" * mib}
            await two.one.put(two.generation, "large", shelf)
            assert await two.other.get(two.generation, "large") == shelf
        await two.one.put(two.generation, "large", {"state": None, "row": None})
        await two.one.put(two.generation, "large", {"row": b"z"})
        assert await two.other.load(two.generation) == {"large": {"row": b"z", "more": b"y" * 5}}


async def there_may_be_a_thousand_shelves(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        shelves = {f"room:{number}": {"state": b"%d" % number, "row:1": b"r" * 1000} for number in range(1000)}
        for name, shelf in shelves.items():
            await two.one.put(two.generation, name, shelf)
        assert await two.other.load(two.generation) == shelves
        rows = {f"row:{number}": b"%d" % number for number in range(1500)}
        await two.one.put(two.generation, "room:7", {"state": b"new", **rows})
        assert await two.other.get(two.generation, "room:7") == {**rows, "state": b"new", "row:1": b"1"}
        await two.one.put(two.generation, "room:7", dict.fromkeys(rows))
        assert await two.other.get(two.generation, "room:7") == {"state": b"new"}


# Nodes


async def nodes_hear_of_each_other_until_they_leave_or_are_silent(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        a, b, c = (new_id() for _ in range(3))
        data = bytes(range(256))
        await two.one.beat(a, b"first", _LONG_S)
        await two.one.beat(a, data, _LONG_S)
        await two.one.beat(c, b"short", _SHORT_S)
        said = await two.other.beat(b, b"b", _LONG_S)
        assert {node: said.get(node) for node in (a, b)} == {a: data, b: b"b"}
        async for _ in tries():
            said = await two.other.beat(b, b"", _LONG_S)
            if c not in said:
                break
        assert {node: said.get(node) for node in (a, b)} == {a: data, b: b""}
        await two.one.leave(a)
        await two.one.leave(a)
        assert a not in await two.other.beat(b, b"b", _LONG_S)
        await two.other.leave(b)


async def a_lease_is_one_hubs_until_it_runs_out(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        name = new_id()
        took = await asyncio.gather(two.one.lease(name, "a", _LONG_S), two.other.lease(name, "b", _LONG_S))
        assert sorted(took) == [False, True]
        holder, waits = (("a", two.one), ("b", two.other)) if took[0] else (("b", two.other), ("a", two.one))
        assert await holder[1].lease(name, holder[0], _LONG_S)
        assert not await waits[1].lease(name, waits[0], _LONG_S)
        assert await waits[1].lease(f"{name}2", waits[0], _LONG_S), "each name is a lease of its own"
        assert await holder[1].lease(name, holder[0], _SHORT_S)
        async for _ in tries():
            if await waits[1].lease(name, waits[0], _LONG_S):
                break
        assert not await holder[1].lease(name, holder[0], _LONG_S)


# The connection


async def a_connection_is_closed_and_made_again(open_broker: OpenBroker) -> None:
    async with two_hubs(open_broker) as two:
        (mark,) = await two.append(b"1")
        await two.one.put(two.generation, "shelf", {"field": b"1"})
        reading = asyncio.ensure_future(two.one.read(two.generation, mark))
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait({reading})
        assert await two.one.connect() == two.standing
        await two.one.close()
        await two.one.close()
        assert await two.one.connect() == two.standing
        assert await two.one.find(two.generation, mark) == "there"
        assert [entry for _, entry in await two.one.read(two.generation, BEFORE_ALL)] == [b"1"]
        assert await two.one.load(two.generation) == {"shelf": {"field": b"1"}}
