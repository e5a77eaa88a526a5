"""What is Kafka's own; what it shares with other brokers is in test_contract.py and test_outages.py."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from livedash.brokers import kafka_connection
from livedash.brokers.contract import Broker, BrokerLostError, Standing
from livedash.brokers.kafka import KafkaBroker
from livedash.brokers.urls import open_broker
from livedash.errors import SettingRefusedError
from tests.brokers.kafka_server import KafkaServer
from tests.brokers.servers import Data
from tests.brokers.tls import TlsDoor, certificate


async def begun(broker: Broker, generation: str = "g1") -> Standing:
    standing = await broker.connect()
    assert await broker.begin(standing, generation)
    return Standing(standing.run, generation, standing.run)


async def break_connections(broker: Broker) -> None:
    """As a network does; the server and other hubs hear nothing of it."""
    assert isinstance(broker, KafkaBroker)
    await broker._session.cluster.close()
    with pytest.raises(BrokerLostError):
        await broker.end("g1")


def test_address_shows_no_secret() -> None:
    broker = open_broker("kafka://user:secret@one:9092,two?prefix=lab&replication_factor=3&sasl=scram-sha-512")
    assert broker.address == "kafka://one:9092,two"


@pytest.mark.parametrize(
    "url",
    [
        *("kafka://", "kafka://host/path", "kafka://host?acks=1", "kafka+tls://host", "kafka://host:port"),
        *(
            "kafka://host?wait_ms=soon",
            "kafka://host?wait_ms=60000",
            "kafka://user:password@host?sasl=gssapi",
            "kafka+ssl://host?ssl_ca_certs=/no/such/file",
        ),
        "kafka://host?prefix=ü",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SettingRefusedError):
        open_broker(url)


async def test_a_server_that_was_started_again_is_another_run_for_all_hubs(mortal_kafka_server: KafkaServer) -> None:
    one, other = open_broker(mortal_kafka_server.url), open_broker(mortal_kafka_server.url)
    standing = await begun(one)
    assert await other.connect() == standing
    await asyncio.to_thread(mortal_kafka_server.restart)
    for each in (one, other):
        with pytest.raises(BrokerLostError):
            await each.end("g1")
    later = await one.connect()
    assert (later.run != standing.run, later.generation, later.settled_run) == (True, "g1", standing.run)
    assert await other.connect() == later
    assert await other.settle(later)
    assert (await one.connect()).is_settled
    await one.close()
    await other.close()


async def test_hubs_hear_at_once_that_another_ones_connections_broke(kafka_server: KafkaServer) -> None:
    one, other = (open_broker(f"{kafka_server.url}&prefix=breaks") for _ in range(2))
    standing = await begun(one)
    await other.connect()
    waiting = asyncio.ensure_future(other.read("g1", 0))
    await asyncio.sleep(0.05)
    await break_connections(one)
    later = await one.connect()
    assert later.run != standing.run
    with pytest.raises(BrokerLostError, match="started again"):
        await waiting
    assert await other.connect() == later
    assert await other.settle(later)
    settled = Standing(later.run, "g1", later.run)
    assert await other.read("g1", 0) == [], "it is heard once"
    assert await other.connect() == settled
    assert await one.connect() == settled
    await one.close()
    await other.close()


async def test_what_an_older_copy_has_at_the_same_offset_is_not_found_again(mortal_kafka_server: KafkaServer) -> None:
    broker = open_broker(mortal_kafka_server.url)
    standing = await begun(broker)
    await broker.append(standing, [b"1"])
    kept = await broker.end("g1")
    copy = mortal_kafka_server.dump()
    await broker.append(standing, [b"2"])
    lost = await broker.end("g1")
    await asyncio.to_thread(mortal_kafka_server.restart, copy)
    later = await broker.connect()
    assert later.run != standing.run, "though it was not known to the copy"
    assert (await broker.find("g1", kept), await broker.find("g1", lost)) == ("there", "lost")
    await broker.append(later, [b"3"])
    assert (await broker.find("g1", kept), await broker.find("g1", lost)) == ("there", "lost")
    await asyncio.to_thread(mortal_kafka_server.restart, Data.EMPTY)
    assert (await broker.connect()).generation is None
    await broker.close()


async def test_a_break_ends_what_waits_at_once(mortal_kafka_server: KafkaServer) -> None:
    broker = open_broker(mortal_kafka_server.url)
    standing = await begun(broker)
    await broker.append(standing, [b"1"])
    waiting = asyncio.ensure_future(broker.read("g1", await broker.end("g1")))
    await asyncio.sleep(0.05)
    mortal_kafka_server.kill()
    with pytest.raises(BrokerLostError, match="closed"):
        await waiting
    with pytest.raises(BrokerLostError):
        await broker.end("g1")
    with pytest.raises(BrokerLostError):
        await broker.connect()
    mortal_kafka_server.start()
    await broker.close()


async def test_a_generation_whose_topics_were_deleted_is_none(kafka_server: KafkaServer) -> None:
    broker = open_broker(f"{kafka_server.url}&prefix=deleted")
    await begun(broker)
    assert isinstance(broker, KafkaBroker)
    await broker._session.cluster.delete(["deleted.log.g1"])
    standing = await broker.connect()
    assert standing.generation is None
    assert await broker.begin(standing, "g2")
    assert (await broker.connect()).generation == "g2"
    await broker.close()


async def test_what_hubs_that_ended_left_behind_goes_when_a_generation_begins(kafka_server: KafkaServer) -> None:
    broker = open_broker(f"{kafka_server.url}&prefix=behind")
    standing = await begun(broker)
    await broker.put("never", "shelf", {"field": b"1"})
    assert await broker.begin(standing, "g2")
    assert isinstance(broker, KafkaBroker)
    topics = (await broker._session.cluster.metadata(None)).leaders
    assert {topic for topic in topics if topic.startswith("behind")} == {
        *("behind.meta", "behind.now", "behind.log.g2", "behind.shelves.g2")
    }
    await broker.close()


async def test_a_server_is_reached_by_tls(tmp_path: Path) -> None:
    shown, server = certificate(tmp_path), KafkaServer(tmp_path, in_memory=True)
    with TlsDoor(server.port, shown) as door:
        server.advertised_port = door.port
        with server:
            url = server.url.replace("kafka://", "kafka+ssl://").replace(str(server.port), str(door.port))
            broker = open_broker(f"{url}&ssl_ca_certs={shown.certificate}")
            standing = await begun(broker)
            await broker.append(standing, [b"1"])
            assert [entry for _, entry in await broker.read("g1", 0)] == [b"1"]
            await broker.close()
            assert door.with_tls == 3, "each of its connections"
            with pytest.raises(BrokerLostError, match="certificate verify failed"):
                await open_broker(url).connect()


async def test_closing_leaves_no_task_behind(kafka_server: KafkaServer) -> None:
    broker = open_broker(f"{kafka_server.url}&prefix=tasks")
    await begun(broker)
    reading = asyncio.ensure_future(broker.read("g1", 0))
    await asyncio.sleep(0.02)
    await broker.close()
    with pytest.raises(BrokerLostError):
        await reading
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_connections_over_which_nothing_is_asked_are_kept(
    kafka_server: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = open_broker(f"{kafka_server.url}&prefix=quiet")
    standing = await begun(broker)
    await broker.append(standing, [b"1"])
    assert isinstance(broker, KafkaBroker)
    cluster = broker._session.cluster
    monkeypatch.setattr(kafka_connection, "_QUIET_S", 1.0)
    before = dict(cluster._asked_s)
    mark = await broker.end("g1")
    assert await broker.read("g1", mark) == []
    asked = {at[1] for at, at_s in cluster._asked_s.items() if at_s > before.get(at, 0.0)}
    assert asked == {"read", "append", "other"}
    await broker.close()
