"""A broker of its address, as people write it in --broker."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from livedash.brokers.contract import Broker
from livedash.brokers.kafka import KafkaBroker
from livedash.brokers.kafka_servers import KafkaServers
from livedash.brokers.nats import NatsBroker
from livedash.brokers.nats_servers import NatsServers
from livedash.brokers.redis import RedisBroker
from livedash.brokers.redis_servers import servers_of
from livedash.errors import SettingRefusedError

_REDIS = ("redis", "rediss", "valkey", "valkeys")
_PREFIX = "livedash"  # of all keys: two hubs that don't belong together on one broker have two


def open_broker(url: str) -> Broker:
    """Of `redis://host:6379/0?prefix=lab`, `nats://host:4222` or `kafka://host:9092`. Connects to nothing yet.

    Raises SettingRefusedError or MissingExtraError.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    prefix = options.pop("prefix", _PREFIX)
    if not prefix.isidentifier():
        raise SettingRefusedError(f"prefix={prefix[:40]!r} is no name; use letters, digits and _")
    if parts.scheme.split("+")[0] in _REDIS:
        return RedisBroker(servers_of(urlunsplit(parts._replace(query=urlencode(options)))), prefix)
    if parts.scheme in ("nats", "tls"):
        return NatsBroker(NatsServers(urlunsplit(parts._replace(query=urlencode(options)))), prefix)
    if parts.scheme in ("kafka", "kafka+ssl"):
        return KafkaBroker(KafkaServers(urlunsplit(parts._replace(query=urlencode(options)))), prefix)
    raise SettingRefusedError(
        "a broker is given as redis://host:6379, nats://host:4222 or kafka://host:9092, "
        f"and {parts.scheme[:20]!r} is not known"
    )
