"""The kinds of brokers that tests run over: a new one is a line in `KINDS`, and in `url_of` where it has no `url` of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.brokers.kafka_server import KafkaServer
from tests.brokers.nats_cluster import NatsCluster
from tests.brokers.nats_server import NatsServer
from tests.brokers.redis_cluster import RedisCluster
from tests.brokers.redis_sentinels import RedisSentinels
from tests.brokers.redis_server import Flavour, Persistence, RedisServer

Started = RedisServer | RedisCluster | RedisSentinels | NatsServer | NatsCluster | KafkaServer

# each keeps over a kill what it acknowledged, but for the sentinels' servers
KINDS: Final[dict[str, Callable[[Path], Started]]] = {
    "redis": lambda folder: RedisServer(folder, flavour=Flavour.REDIS, persistence=Persistence.AOF),
    "valkey": lambda folder: RedisServer(folder, flavour=Flavour.VALKEY, persistence=Persistence.AOF),
    "cluster": RedisCluster,
    "sentinels": RedisSentinels,
    "nats": lambda folder: NatsServer(folder, sync_always=True),
    "nats-cluster": NatsCluster,
    "kafka": KafkaServer,
}


def url_of(server: Started, prefix: str) -> str:
    """Of what a test keeps there under a name of its own."""
    match server:
        case RedisCluster():
            url = "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in server.nodes)
        case RedisSentinels():
            hosts = ",".join(f"{host}:{port}" for host, port in server.addresses)
            url = f"redis+sentinel://{hosts}/{server.MASTER_NAME}"
        case _:
            url = server.url
    return f"{url}{'&' if '?' in url else '?'}prefix={prefix}"
