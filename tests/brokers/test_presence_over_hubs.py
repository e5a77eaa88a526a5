"""Who is there, over two hubs on a real loop, whatever becomes of their broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from livedash import limits
from livedash.core.grant import Grant, owner
from livedash.testing.broker import MemoryBroker, MemoryServer
from livedash.testing.viewer import MemoryViewer
from tests.brokers.hubs import HubOnBroker, until

ADA = Grant("ada", ("*",), label="Ada", viewer_secret="secret-1")
BOB = Grant("link:1", ("*",), link_id="1", label="for Bob", viewer_secret="secret-2")
Hubs = tuple[HubOnBroker, HubOnBroker]


@pytest.fixture(autouse=True)
def quick_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BROKER_BEAT_S", 0.02)
    monkeypatch.setattr(limits, "BROKER_PRESENCE_S", 0.01)
    monkeypatch.setattr(limits, "BROKER_ARRIVAL_S", 0.1)


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer()


@pytest.fixture
async def hubs(server: MemoryServer) -> AsyncIterator[Hubs]:
    pair = HubOnBroker(MemoryBroker(server)), HubOnBroker(MemoryBroker(server))
    for each in pair:
        each.start()
        await each.replica.wait_until_open()
    yield pair
    for each in pair:
        await each.replica.close()


def reads(hub: HubOnBroker, grant: Grant) -> MemoryViewer:
    viewer = MemoryViewer(hub.hub, hub.clock, grant)
    viewer.read("train")
    return viewer


def ids(hub: HubOnBroker) -> set[str]:
    return {viewer.id for viewer in hub.hub.viewers("train")}


async def both_have(hubs: Hubs, *viewers: MemoryViewer) -> None:
    wanted = {viewer.session.viewer.id for viewer in viewers}
    await until(lambda: all(ids(hub) == wanted for hub in hubs), f"both have {len(wanted)} viewers")


async def test_both_hubs_show_the_viewers_of_both(hubs: Hubs) -> None:
    one, other = hubs
    ada, bob = reads(one, ADA), reads(other, BOB)
    await both_have(hubs, ada, bob)
    assert one.hub.presence.by_link("1") == other.hub.presence.by_link("1") == 1
    bob.session.unsubscribe("train")
    await both_have(hubs, ada)


async def test_a_viewer_has_one_id_at_both_hubs(hubs: Hubs) -> None:
    one, other = hubs
    await both_have(hubs, reads(one, ADA), reads(other, ADA))
    assert len(ids(one)) == 1


async def test_who_came_while_the_broker_was_away_is_told_once_it_is_back(hubs: Hubs, server: MemoryServer) -> None:
    one, other = hubs
    ada = reads(one, ADA)
    await both_have(hubs, ada)
    server.kill()
    bob = reads(other, BOB)
    await until(lambda: one.replica.state().state == "away", "it is noticed")
    assert ids(one) == {ada.session.viewer.id}
    server.start()
    await both_have(hubs, ada, bob)


@pytest.mark.parametrize("loses_all", [True, False])
async def test_a_broker_that_lost_its_end_hears_of_all_again(
    hubs: Hubs, server: MemoryServer, *, loses_all: bool
) -> None:
    one, other = hubs
    before = MemoryServer().dump() if loses_all else server.dump()
    ada, bob = reads(one, ADA), reads(other, BOB)
    await both_have(hubs, ada, bob)
    server.kill()
    server.start(before)
    await until(lambda: all(hub.changes.count("connected") == 2 for hub in hubs), "they are back")
    late = HubOnBroker(MemoryBroker(server))
    late.start()
    await late.replica.wait_until_open()
    await both_have((one, late), ada, bob)
    assert reads(late, ADA).session.viewer == ada.session.viewer
    await late.replica.close()


async def test_viewers_of_a_hub_that_ended_are_shown_no_more(hubs: Hubs) -> None:
    one, other = hubs
    ada = reads(one, ADA)
    reads(other, owner("bob"))
    await until(lambda: len(ids(one)) == 2, "both are there")
    await other.replica.close()
    await until(lambda: ids(one) == {ada.session.viewer.id}, "one is left")


async def test_a_hub_alone_on_its_broker_writes_nothing_of_its_viewers(server: MemoryServer) -> None:
    alone = HubOnBroker(MemoryBroker(server))
    alone.start()
    await alone.replica.wait_until_open()
    await asyncio.sleep(5 * limits.BROKER_PRESENCE_S)
    before = server.appended
    reads(alone, ADA)
    await asyncio.sleep(5 * limits.BROKER_PRESENCE_S)
    assert server.appended == before
    await alone.replica.close()


async def test_viewers_of_a_hub_that_was_cut_off_for_long_are_shown_again(
    hubs: Hubs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BROKER_BEAT_TTL_S", 0.1)
    one, other = hubs
    ada, bob = reads(one, ADA), reads(other, BOB)
    await both_have(hubs, ada, bob)
    assert isinstance(one.broker, MemoryBroker)
    one.broker.cut()
    await until(lambda: ids(other) == {bob.session.viewer.id}, "it is missed")
    one.broker.is_cut = False
    await both_have(hubs, ada, bob)
