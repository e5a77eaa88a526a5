from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import nats
import pytest
import redis.asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from nats.js import JetStreamContext
from redis.asyncio.cluster import RedisCluster as ClusterClient
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel as SentinelClient
from redis.backoff import NoBackoff

from tests.brokers.kafka_server import KafkaServer
from tests.brokers.nats_server import NatsServer
from tests.brokers.redis_cluster import RedisCluster
from tests.brokers.redis_sentinels import RedisSentinels
from tests.brokers.redis_server import Flavour, Persistence, RedisServer
from tests.brokers.servers import Data
from tests.end_to_end.tcp_proxy import TcpProxy

ANSWER_LIMIT_S = 10.0
SILENCE_S = 0.2


@contextlib.asynccontextmanager
async def jetstream(server: NatsServer) -> AsyncIterator[JetStreamContext]:
    client = await nats.connect(server.url, allow_reconnect=False)
    try:
        yield client.jetstream()
    finally:
        await client.close()


@contextlib.asynccontextmanager
async def producing(server: KafkaServer) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(bootstrap_servers=server.address) as producer:
        yield producer


async def values(server: KafkaServer, topic: str, count: int) -> list[bytes]:
    """Of a topic's first `count` records."""
    async with AIOKafkaConsumer(bootstrap_servers=server.address) as consumer:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        consumer.seek(partition, 0)
        return [(await asyncio.wait_for(consumer.getone(), ANSWER_LIMIT_S)).value for _ in range(count)]


async def test_redis_server_answers_both_protocols(redis_server: RedisServer) -> None:
    for protocol in (2, 3):
        async with redis.asyncio.Redis(port=redis_server.port, protocol=protocol) as client:
            assert await client.ping()


def test_flavours_are_redis_six_and_a_valkey_with_sharded_pubsub(redis_server: RedisServer) -> None:
    server = redis_server.info("server")
    if redis_server.flavour is Flavour.REDIS:
        assert str(server["redis_version"]).startswith("6.2.")
    else:
        assert (server["server_name"], redis_server.ask("SPUBLISH", "channel", "hello")) == ("valkey", 0)


def test_restarted_redis_server_has_what_its_last_dump_holds(mortal_redis_server: RedisServer) -> None:
    mortal_redis_server.ask("SET", "key", "dumped")
    mortal_redis_server.ask("SAVE")
    mortal_redis_server.ask("SET", "key", "after the dump")
    mortal_redis_server.restart()
    assert mortal_redis_server.ask("GET", "key") == "dumped"


def test_redis_server_with_append_only_file_has_all_after_a_kill(tmp_path: Path) -> None:
    with RedisServer(tmp_path, persistence=Persistence.AOF) as server:
        server.ask("SET", "key", "acknowledged")
        server.kill()
        server.start()
        assert server.ask("GET", "key") == "acknowledged"


def test_redis_server_restarts_empty_or_on_an_older_dump(mortal_redis_server: RedisServer) -> None:
    mortal_redis_server.ask("SET", "key", "old")
    dump = mortal_redis_server.dump()
    mortal_redis_server.ask("SET", "key", "new")
    mortal_redis_server.restart(Data.EMPTY)
    assert mortal_redis_server.ask("GET", "key") is None
    mortal_redis_server.restart(dump)
    assert mortal_redis_server.ask("GET", "key") == "old"


async def test_paused_server_keeps_connections_and_answers_when_it_resumes(mortal_redis_server: RedisServer) -> None:
    async with redis.asyncio.Redis(port=mortal_redis_server.port, socket_timeout=None) as client:
        await client.ping()
        mortal_redis_server.pause()
        asked = asyncio.ensure_future(client.ping())
        assert await asyncio.wait([asked], timeout=SILENCE_S) == (set(), {asked})
        mortal_redis_server.resume()
        assert await asyncio.wait_for(asked, ANSWER_LIMIT_S)


async def test_server_behind_a_cut_network_is_reached_again_when_it_is_back(redis_server: RedisServer) -> None:
    with TcpProxy(redis_server.port) as proxy:
        async with redis.asyncio.Redis(port=proxy.port, retry=Retry(NoBackoff(), 0)) as client:
            assert await client.ping()
            proxy.cut()
            with pytest.raises(redis.ConnectionError):
                await client.ping()
            proxy.resume()
            assert await client.ping()


async def test_cluster_shares_slots_and_carries_sharded_pubsub(redis_cluster: RedisCluster) -> None:
    async with ClusterClient.from_url(redis_cluster.url, decode_responses=True) as client:
        keys = [f"key-{number}" for number in range(30)]
        for key in keys:
            await client.set(key, key)
        assert {redis_cluster.node_of(key).port for key in keys} == {node.port for node in redis_cluster.nodes}
        for key in keys:
            assert redis_cluster.node_of(key).ask("GET", key) == key
            assert redis_cluster.node_of(key).ask("SPUBLISH", key, "hello") == 0


def test_cluster_is_whole_again_after_a_master_was_killed(redis_cluster: RedisCluster) -> None:
    node = redis_cluster.node_of("kept")
    node.ask("SET", "kept", "value")
    node.restart()
    redis_cluster.wait_until_ok()
    assert node.ask("GET", "kept") == "value"


async def test_sentinel_promotes_the_replica_which_the_old_master_follows_then(
    redis_sentinels: RedisSentinels,
) -> None:
    redis_sentinels.master.ask("SET", "key", "value")
    assert redis_sentinels.master.ask("WAIT", 1, round(ANSWER_LIMIT_S * 1000)) == 1
    promoted = redis_sentinels.promote()
    assert (promoted.ask("GET", "key"), promoted.info("replication")["role"]) == ("value", "master")
    async with contextlib.AsyncExitStack() as connections:
        client = SentinelClient(redis_sentinels.addresses)
        for sentinel in client.sentinels:
            connections.push_async_callback(sentinel.aclose)
        assert await client.discover_master(RedisSentinels.MASTER_NAME) == ("127.0.0.1", promoted.port)
    redis_sentinels.revive()
    assert redis_sentinels.replica.ask("GET", "key") == "value"


def test_three_sentinels_promote_by_majority(tmp_path: Path) -> None:
    with RedisSentinels(tmp_path, sentinels=3) as redis_sentinels:
        first = redis_sentinels.master
        assert redis_sentinels.promote() is not first


async def test_nats_server_keeps_a_stream(nats_server: NatsServer) -> None:
    async with jetstream(nats_server) as stream:
        await stream.add_stream(name="kept", subjects=["kept.>"])
        assert (await stream.publish("kept.room", b"value")).seq == 1
        assert (await stream.get_msg("kept", 1)).data == b"value"


async def test_killed_nats_server_has_its_streams_unless_it_starts_empty(mortal_nats_server: NatsServer) -> None:
    async with jetstream(mortal_nats_server) as stream:
        await stream.add_stream(name="kept", subjects=["kept.>"])
        await stream.publish("kept.room", b"dumped")
    dump = mortal_nats_server.dump()
    async with jetstream(mortal_nats_server) as stream:
        await stream.publish("kept.room", b"after")
    for data, streams, messages in ((Data.KEEP, 1, 2), (Data.EMPTY, 0, 0), (dump, 1, 1)):
        mortal_nats_server.restart(data)
        async with jetstream(mortal_nats_server) as stream:
            found = await stream.streams_info()
            assert (len(found), sum(each.state.messages for each in found)) == (streams, messages)


async def test_paused_nats_server_answers_when_it_resumes(mortal_nats_server: NatsServer) -> None:
    async with jetstream(mortal_nats_server) as stream:
        mortal_nats_server.pause()
        asked = asyncio.ensure_future(stream.account_info())
        assert await asyncio.wait([asked], timeout=SILENCE_S) == (set(), {asked})
        mortal_nats_server.resume()
        assert (await asked).streams == 0


async def test_kafka_server_carries_records(kafka_server: KafkaServer) -> None:
    async with producing(kafka_server) as producer:
        for offset in range(3):
            assert (await producer.send_and_wait("carried", b"%d" % offset, partition=0)).offset == offset
    assert await values(kafka_server, "carried", 3) == [b"0", b"1", b"2"]


async def test_killed_kafka_server_has_its_topics_unless_it_starts_empty(mortal_kafka_server: KafkaServer) -> None:
    async def next_offset(value: bytes) -> int:
        async with producing(mortal_kafka_server) as producer:
            offset: int = (await producer.send_and_wait("kept", value, partition=0)).offset
            return offset

    assert await next_offset(b"dumped") == 0
    dump = mortal_kafka_server.dump()
    assert await next_offset(b"after") == 1
    mortal_kafka_server.restart()
    assert await values(mortal_kafka_server, "kept", 2) == [b"dumped", b"after"]
    assert await next_offset(b"kept") == 2
    mortal_kafka_server.restart(dump)
    assert await values(mortal_kafka_server, "kept", 1) == [b"dumped"]
    assert await next_offset(b"again") == 1
    mortal_kafka_server.restart(Data.EMPTY)
    assert await next_offset(b"empty") == 0
