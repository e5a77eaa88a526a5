"""Two hubs on one broker: one order, one set of offsets, whatever becomes of the broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from livedash.brokers.entries import AddLink, PutDashboard, RevokeLink
from livedash.brokers.shelving import Shelving
from livedash.core.changes import Clear, Configure, Delete
from livedash.errors import ConflictError, NotFoundError
from livedash.sharing.link import Link
from livedash.testing.broker import MemoryBroker, MemoryServer
from livedash.testing.viewer import gaps_of, records_of
from livedash.wire.specs import dashboard_of_rooms
from tests.brokers.hubs import HubOnBroker, until


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer()


@pytest.fixture
async def hubs(server: MemoryServer) -> AsyncIterator[tuple[HubOnBroker, HubOnBroker]]:
    pair = HubOnBroker(MemoryBroker(server)), HubOnBroker(MemoryBroker(server))
    for each in pair:
        each.start()
        await each.replica.wait_until_open()
    await until(lambda: all(each.replica.state().hubs == 2 for each in pair), "both know each other")
    yield pair
    for each in pair:
        await each.replica.close()


async def test_what_one_hub_takes_both_hold_at_the_same_positions(hubs: tuple[HubOnBroker, HubOnBroker]) -> None:
    one, other = hubs
    answers = await asyncio.gather(one.push(1), other.push(2), one.push(3), other.push(4))
    await until(lambda: one.numbers() == other.numbers() and len(one.numbers()) == 4, "both have all")
    assert sorted(answer.offset for answer in answers) == [1, 2, 3, 4]
    assert one.position() == other.position()


async def test_its_owner_hears_of_each_change_once(hubs: tuple[HubOnBroker, HubOnBroker], server: MemoryServer) -> None:
    one, _ = hubs
    assert one.changes == ["connected"]
    server.kill()
    await until(lambda: one.changes == ["connected", "away"], "it is noticed")
    server.start()
    await until(lambda: one.changes == ["connected", "away", "connected"], "it is back")


async def test_viewers_of_both_hubs_see_it(hubs: tuple[HubOnBroker, HubOnBroker]) -> None:
    one, other = hubs
    viewers = [each.viewer() for each in hubs]
    await one.push(1, 2)
    await other.push(3)
    await until(lambda: len(one.numbers()) == len(other.numbers()) == 3, "both have all")
    assert [[each["n"] for each in records_of(viewer.take_all())] for viewer in viewers] == [[1, 2, 3]] * 2


async def test_a_repeated_batch_counts_once_whichever_hub_it_comes_to(hubs: tuple[HubOnBroker, HubOnBroker]) -> None:
    one, other = hubs
    first = await one.push(1, publisher="p1", seq=7)
    assert await other.push(1, publisher="p1", seq=7) == first
    assert other.numbers() == [1]


async def test_rooms_are_set_cleared_and_deleted_in_both(hubs: tuple[HubOnBroker, HubOnBroker]) -> None:
    one, other = hubs
    await one.write(Configure("train", {"key": "n"}))
    await other.push(1)
    assert isinstance(await one.write(Configure("train", {"key": "m"})), ConflictError)
    cleared = await one.write(Clear("train"))
    await other.push(2)
    assert (cleared.epoch, one.position().offset) == (other.position().epoch, 1)
    await one.write(Delete("train"))
    await until(lambda: "train" not in other.hub.rooms, "it is gone")
    assert isinstance(await other.write(Delete("train")), NotFoundError)


async def test_a_hub_that_comes_later_has_all_of_it(
    hubs: tuple[HubOnBroker, HubOnBroker], server: MemoryServer
) -> None:
    one, _ = hubs
    await one.push(1, 2, publisher="p1", seq=1)
    await one.push(3, room="other")
    late = HubOnBroker(MemoryBroker(server))
    late.start()
    await late.replica.wait_until_open()
    assert (late.numbers(), late.numbers("other"), late.position()) == ([1, 2], [3], one.position())
    assert await late.push(1, 2, publisher="p1", seq=1) == one.position()
    await late.replica.close()


async def test_while_the_broker_is_away_publishes_wait_and_count_once(
    hubs: tuple[HubOnBroker, HubOnBroker], server: MemoryServer
) -> None:
    one, other = hubs
    await one.push(1)
    server.kill()
    waiting = [one.push(2), other.push(3)]
    await until(lambda: one.replica.state().state == "away", "it is noticed")
    assert one.numbers() == [1]
    server.start()
    await asyncio.gather(*waiting)
    await until(lambda: one.numbers() == other.numbers(), "both have all")
    assert sorted(one.numbers()) == [1, 2, 3]


async def test_a_broker_that_came_back_whole_keeps_its_epochs(
    hubs: tuple[HubOnBroker, HubOnBroker], server: MemoryServer
) -> None:
    one, other = hubs
    await one.push(1)
    await until(lambda: other.numbers() == [1], "both have it")
    before = one.position()
    server.kill()
    server.start()
    await other.push(2)
    await until(lambda: one.numbers() == [1, 2], "both have all")
    assert one.position().epoch == other.position().epoch == before.epoch


async def test_an_answer_that_was_lost_makes_no_second_record(
    hubs: tuple[HubOnBroker, HubOnBroker], server: MemoryServer
) -> None:
    one, other = hubs
    one.broker.loses_answers = True
    waiting = one.push(1)
    await until(lambda: server.appended >= 1, "it is in the log")
    one.broker.loses_answers = False
    await waiting
    await other.push(2)
    assert other.numbers() == [1, 2]


@pytest.mark.parametrize("is_empty", [True, False], ids=["empty", "from an old dump"])
async def test_what_a_broker_lost_its_hubs_give_back(
    hubs: tuple[HubOnBroker, HubOnBroker], server: MemoryServer, is_empty: bool
) -> None:
    one, other = hubs
    await one.push(1)
    dump = MemoryServer().dump() if is_empty else server.dump()
    await one.push(2, publisher="p1", seq=1)
    await until(lambda: other.numbers() == [1, 2], "both have it")
    viewers = [each.viewer(since="earliest") for each in hubs]
    taken = [viewer.take_all() for viewer in viewers]
    before = one.position()
    server.kill()
    server.start(dump)
    assert (await other.push(2, publisher="p1", seq=1)).offset == 2
    await asyncio.gather(one.push(3), other.push(4))
    await until(lambda: one.numbers() == other.numbers() and len(one.numbers()) == 4, "both have all")
    assert sorted(one.numbers()) == [1, 2, 3, 4]
    assert one.position().epoch != before.epoch
    for viewer, earlier in zip(viewers, taken, strict=True):
        later = viewer.take_all()
        assert gaps_of([*earlier, *later]) == []
        assert sorted(each["n"] for each in records_of([*earlier, *later])) == [1, 2, 3, 4]


async def test_what_only_one_hub_had_read_is_given_back_by_that_one(
    hubs: tuple[HubOnBroker, HubOnBroker], server: MemoryServer
) -> None:
    one, other = hubs
    await one.push(1)
    await until(lambda: other.numbers() == [1], "both have it")
    dump = server.dump()
    other.broker.cut()
    await until(lambda: other.replica.state().state == "away", "it is cut off")
    await one.push(2)
    viewer = one.viewer(since="earliest")
    earlier = viewer.take_all()
    one.broker.cut()
    server.kill()
    server.start(dump)
    other.broker.is_cut = False
    assert (await other.push(3)).offset == 2
    later_push = one.push(4)
    one.broker.is_cut = False
    await later_push
    await until(lambda: one.numbers() == other.numbers() and len(one.numbers()) == 4, "both have all")
    assert one.numbers() == [1, 3, 2, 4], "what came to one hub keeps its order"
    one.clock.advance(60)
    later = viewer.take_all()
    assert [gap.reason for gap in gaps_of([*earlier, *later])] == ["beyond_top"]


def link(link_id: str) -> AddLink:
    return AddLink(Link(link_id, ("train",), 0.0, 4e9, "", "", None), link_id.encode())


def links_of(hub: HubOnBroker) -> set[str]:
    return {each.id for each, _ in hub.shared.links.held()}


async def test_links_revocations_and_dashboards_that_the_broker_lost_are_made_again_once(
    hubs: tuple[HubOnBroker, HubOnBroker], server: MemoryServer
) -> None:
    one, other = hubs
    late = HubOnBroker(MemoryBroker(server))
    late.start()
    await one.write(link("first"))
    await until(lambda: links_of(late) == {"first"} == links_of(other), "all have it")
    dump = server.dump()
    other.broker.cut()
    await until(lambda: other.replica.state().state == "away", "it is cut off")
    await one.write(link("second"))
    await one.write(RevokeLink("first"))
    await one.write(PutDashboard("board", dashboard_of_rooms(("train",))))
    await until(lambda: links_of(late) == {"second"}, "two know of it")
    for each in (one, late):
        each.broker.cut()
    server.kill()
    server.start(dump)
    other.broker.is_cut = False
    await other.push(1)
    assert links_of(other) == {"first"}
    for each in (one, late):
        each.broker.is_cut = False
    await until(lambda: all(links_of(each) == {"second"} for each in (one, other, late)), "all have the same links")
    await until(lambda: "board" in other.shared.dashboards, "the dashboard is there")
    await one.write(RevokeLink("second"))
    await until(lambda: all(links_of(each) == set() for each in (one, other, late)), "it stays revoked")
    await late.replica.close()


async def test_a_hub_that_was_away_for_longer_than_the_log_goes_back_loads_the_rooms(
    hubs: tuple[HubOnBroker, HubOnBroker], server: MemoryServer
) -> None:
    one, other = hubs
    await one.push(1)
    await until(lambda: other.numbers() == [1], "both have it")
    other.broker.cut()
    await one.push(2)
    await one.push(3)
    generation = server.data.generation
    shelving = Shelving(one.broker, generation, one.replica._fold)
    await shelving.shelve(0.0)
    await one.broker.trim(generation, await one.broker.end(generation))
    waiting = other.push(4)
    other.broker.is_cut = False
    await waiting
    assert other.numbers() == [1, 2, 3, 4]
    assert other.position() == one.position()


async def test_rooms_stay_while_the_broker_has_an_old_copy_of_another_generation(
    hubs: tuple[HubOnBroker, HubOnBroker], server: MemoryServer
) -> None:
    one, other = hubs
    old = server.dump()
    await one.write(Configure("train", {"key": "n", "history_records": 1}))
    await one.push(1, 2, 3)
    server.kill()
    server.start(MemoryServer().dump())
    await until(lambda: one.replica.state().state == other.replica.state().state == "connected", "both are back")
    await other.push(4)
    await until(lambda: one.numbers() == other.numbers() == [4], "both have it")
    viewers = [each.viewer(since="earliest") for each in hubs]
    for viewer in viewers:
        viewer.take_all()
    server.kill()
    server.start(old)
    await asyncio.gather(one.push(5), other.push(6))
    await until(lambda: one.position() == other.position() and one.position().offset == 6, "both have all")
    for each in hubs:
        latest = [record["n"] for record in each.hub.room("train").snapshot(10).records()]
        assert latest in ([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 6, 5])
    assert {gap.reason for viewer in viewers for gap in gaps_of(viewer.take_all())} <= {"slow", "trimmed"}


async def test_what_a_hub_wrote_that_does_not_come_back_with_its_broker_is_read_first(
    hubs: tuple[HubOnBroker, HubOnBroker], server: MemoryServer
) -> None:
    one, other = hubs
    await one.push(1)
    await until(lambda: other.numbers() == [1], "both have it")
    other.broker.cut()
    await until(lambda: other.replica.state().state == "away", "it is cut off")
    await one.push(2)
    one.broker.cut()
    server.kill()
    server.start()
    other.broker.is_cut = False
    assert (await other.push(3)).offset == 3
    assert other.numbers() == [1, 2, 3]
