"""Where a Kafka cluster is, and how one shows who one is, as people write it in an address.

aiokafka is imported when it is needed: it is an extra.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from livedash import limits
from livedash.errors import MissingExtraError, SettingRefusedError

_PORT: Final = 9092
_SCHEMES: Final = ("kafka", "kafka+ssl")
_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_OPTIONS: Final = frozenset({"replication_factor", "sasl", "ssl_ca_certs", "wait_ms", "delete_records"})


def kafka_requests() -> Any:
    """The module of that name. Raises MissingExtraError."""
    try:
        from livedash.brokers import kafka_requests as requests
    except ImportError as error:
        raise MissingExtraError("a Kafka broker needs aiokafka: pip install 'livedash[kafka]'") from error
    return requests


class KafkaServers:
    """Of `kafka://user:password@host:9092,host2:9092?replication_factor=3`, or `kafka+ssl://`. Raises SettingRefusedError."""

    def __init__(self, url: str) -> None:
        kafka_requests()
        parts = urlsplit(url)
        credentials, _, hosts = parts.netloc.rpartition("@")
        options = dict(parse_qsl(parts.query))
        self.address = f"{parts.scheme}://{hosts}"
        if parts.scheme not in _SCHEMES or parts.path.strip("/") or not hosts or options.keys() - _OPTIONS:
            raise SettingRefusedError(
                f"{self.address} is no Kafka server; write kafka://host:9092,host2:9092 or kafka+ssl://host:9092, "
                f"with {', '.join(sorted(_OPTIONS))} as options"
            )
        try:
            self.bootstrap = [_host_of(host) for host in hosts.split(",")]
            self.replication = int(options.get("replication_factor", -1))
            self.wait_s = _wait_of(options["wait_ms"]) if "wait_ms" in options else None
            self.context = (
                ssl.create_default_context(cafile=options.get("ssl_ca_certs")) if "ssl" in parts.scheme else None
            )
            self.login = _login_of(credentials, options.get("sasl", "PLAIN").upper())
        except (ValueError, OSError) as error:
            raise SettingRefusedError(f"{self.address} is no broker's address: {error}") from error
        self.deletes_records = options.get("delete_records", "yes") != "no"


def _host_of(host: str) -> tuple[str, int]:
    parts = urlsplit(f"//{host}")
    if not parts.hostname:
        raise ValueError(f"{host!r} names no host")
    return parts.hostname, parts.port or _PORT


def _wait_of(wait_ms: str) -> float:
    if not 0 < int(wait_ms) <= limits.BROKER_READ_S * 1000:
        raise ValueError(f"wait_ms={wait_ms[:20]} is not between 1 and {limits.BROKER_READ_S * 1000:.0f}")
    return int(wait_ms) / 1000


def _login_of(credentials: str, mechanism: str) -> Mapping[str, str]:
    if not credentials:
        return {}
    if mechanism not in _MECHANISMS:
        raise ValueError(f"sasl={mechanism[:20]} is not known; it is one of {', '.join(_MECHANISMS)}")
    user, _, password = credentials.partition(":")
    return {
        "mechanism": mechanism,
        "plain_username": unquote(user),
        "plain_password": unquote(password),
    }
