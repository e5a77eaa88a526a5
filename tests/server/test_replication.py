from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from livedash import limits
from livedash.core.changes import Append, Clear
from livedash.core.grant import Grant, owner
from livedash.core.session import Session
from livedash.errors import MissingExtraError, NotFoundError, RateLimitedError, SettingRefusedError, UnreachableError
from livedash.server import replication
from livedash.server.config import ServerConfig
from livedash.server.replication import Replication
from livedash.server.services import Services
from livedash.testing.broker import MemoryBroker, MemoryServer
from livedash.wire.batch import Batch
from livedash.wire.messages import Degraded
from tests.server.served import NOBODY, TOKEN, Served, until

BATCH = Batch.from_records([{"n": 1}], [0])


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer()


@pytest.fixture
async def services(server: MemoryServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Services]:
    monkeypatch.setattr(replication, "open_broker", lambda _: MemoryBroker(server))
    made = Services(ServerConfig(broker="memory://"), asyncio.get_running_loop())
    made.replication.start()
    yield made
    await made.close()


async def test_a_hub_that_is_alone_makes_changes_at_once() -> None:
    services = Services(ServerConfig(), asyncio.get_running_loop())
    answers: list[object] = []
    services.replication.submit(Append("train", BATCH), answers.append)
    assert answers == [services.hub.room("train").position]
    assert (services.replication.state(), services.replication.is_cut_off) == (None, False)
    with pytest.raises(NotFoundError):
        await services.replication.write(Clear("other"))
    await services.close()


async def test_a_hub_with_a_broker_makes_changes_when_it_has_read_them_back(services: Services) -> None:
    await services.wait_until_open()
    answers: list[object] = []
    services.replication.submit(Append("train", BATCH), answers.append)
    assert answers == []
    await until(lambda: bool(answers), "it has been read back")
    assert answers == [services.hub.room("train").position]


async def test_who_comes_before_the_broker_is_there_hears_so(
    services: Services, server: MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BROKER_WAIT_S", 0.05)
    server.kill()
    with pytest.raises(UnreachableError, match="broker at memory can't be used"):
        await services.wait_until_open()
    assert not services.replication.is_open
    server.start()
    await until(lambda: services.replication.is_open, "the broker is there")
    await services.wait_until_open()
    assert services.replication.why_away() is None


async def test_who_runs_a_hub_whose_broker_is_not_there_finds_that_in_the_log(
    server: MemoryServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(replication, "open_broker", lambda _: MemoryBroker(server))
    monkeypatch.setattr(limits, "BROKER_DEGRADED_S", 0.05)
    server.kill()
    made = Services(ServerConfig(broker="memory://"), asyncio.get_running_loop())
    made.replication.start()
    await until(lambda: "serves nobody before it is there" in caplog.text, "the log tells it")
    assert "the broker at memory can't be used" in caplog.text
    await made.close()


async def test_what_waits_for_a_broker_is_answered_and_still_made(
    services: Services, server: MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BROKER_WAIT_S", 0.2)
    await services.wait_until_open()
    server.kill()
    with pytest.raises(UnreachableError, match="Idempotency-Key"):
        await services.append(Append("train", BATCH))
    server.start()
    await until(lambda: "train" in services.hub.rooms, "it is made")


async def test_who_sends_too_much_for_a_broker_that_is_away_is_put_off(
    services: Services, server: MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await services.wait_until_open()
    server.kill()
    change = Append("train", BATCH, "p1", 1)
    services.replication.submit(change, lambda _: None)
    services.stage.pay("p1", Append("train", BATCH, "p1", 2))
    monkeypatch.setattr(limits, "BROKER_WAITING_BYTES", 1)
    with pytest.raises(RateLimitedError, match="wait for the broker") as refused:
        services.stage.pay("p1", Append("train", BATCH, "p1", 2))
    assert refused.value.retry_after_s
    server.start()
    await until(lambda: "train" in services.hub.rooms, "it is made")
    services.stage.pay("p1", Append("train", BATCH, "p1", 2))


async def test_a_hub_without_its_broker_ends_the_streams_of_links_and_no_others(
    services: Services, server: MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await services.wait_until_open()
    made, key = await services.create_link(("train",), 60.0, "", None, "ada")
    grant = services.grant_of_key(key)
    assert grant == Grant(f"link:{made.id}", ("train",), link_id=made.id)
    server.kill()
    await until(lambda: services.replication.why_away() is not None, "it is noticed")
    assert (services.why_ended(grant), services.grant_of_key(key)) == (None, grant)
    monkeypatch.setattr(limits, "BROKER_LINKS_S", 0.0)
    assert services.why_ended(grant) == "idle"
    assert services.why_ended(Grant("ada")) is None
    with pytest.raises(UnreachableError, match="share links"):
        services.grant_of_key(key)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (ServerConfig(broker="http://localhost"), "redis://host:6379"),
        (ServerConfig(broker="redis://localhost", data_dir="rooms"), "give one of the two"),
        (ServerConfig(broker="redis://localhost?prefix=a:b"), "prefix"),
    ],
)
async def test_what_can_be_no_broker_is_refused(config: ServerConfig, reason: str) -> None:
    with pytest.raises(SettingRefusedError, match=reason):
        Services(config, asyncio.get_running_loop())


async def test_a_library_that_is_missing_is_told_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    with pytest.raises(MissingExtraError, match=r"livedash\[redis\]"):
        Services(ServerConfig(broker="redis://localhost"), asyncio.get_running_loop())


# What viewers are told


def told(viewer: Session) -> list[str | None]:
    return [message.reason for message in viewer.take(0.0, 1000) if isinstance(message, Degraded)]


async def test_viewers_hear_that_the_broker_is_away_and_that_it_is_back(
    services: Services, server: MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BROKER_DEGRADED_S", 0.0)
    await services.wait_until_open()
    heard: list[str | None] = []
    viewer = services.hub.open_session(owner("ada"), "", lambda: heard.extend(told(viewer)), 0.0)
    server.kill()
    await until(lambda: len(heard) == 1, "it is told that the broker is away")
    assert (heard[0] or "").startswith("the broker at memory can't be used: ")
    server.start()
    await until(lambda: len(heard) == 2, "it is told that the broker is back")
    assert heard[1] is None


async def test_viewers_hear_nothing_of_a_broker_that_is_soon_back(
    services: Services, server: MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BROKER_DEGRADED_S", 3600.0)
    await services.wait_until_open()
    viewer = services.hub.open_session(owner("ada"), "", lambda: None, 0.0)
    server.kill()
    await until(lambda: services.replication.why_away() is not None, "it is noticed")
    server.start()
    await until(lambda: services.replication.why_away() is None, "the broker is back")
    assert told(viewer) == []


async def test_a_hub_that_closes_without_its_broker_leaves_no_timer(
    services: Services, server: MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BROKER_DEGRADED_S", 3600.0)
    await services.wait_until_open()
    server.kill()
    await until(lambda: services.replication.why_away() is not None, "it is noticed")
    assert services.replication._telling is not None
    await services.replication.close()
    assert services.replication._telling is None


async def test_while_links_can_not_be_checked_a_feed_says_to_come_back_and_logins_stay(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await served.share("train")
    monkeypatch.setattr(Replication, "is_cut_off", True)
    assert (await served.get("rooms", headers=NOBODY, key=link["key"])).code == 503
    feed = await served.get("feed", headers=NOBODY, key=link["key"])
    assert (feed.code, feed.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    assert feed.headers["Access-Control-Allow-Origin"] == "*"
    assert "livedash.bye" in feed.body.decode()
    assert (await served.get("rooms", headers=NOBODY, key=TOKEN)).code == 200
    assert (await served.get("rooms")).code == 200
