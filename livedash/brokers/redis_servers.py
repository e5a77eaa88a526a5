"""Finds the Redis server that has our keys: at an address, by sentinels, or as the node of a cluster; and connects to it.

redis-py is imported when it is needed: it is an extra.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

from livedash import limits
from livedash.errors import MissingExtraError, SettingRefusedError

_SCHEMES: Final = ("redis", "rediss", "valkey", "valkeys")
_SENTINEL_PORT: Final = 26379
_PORT: Final = 6379
_CLUSTER_SLOTS: Final = 16384


def _redis() -> Any:
    try:
        import redis.asyncio
    except ImportError as error:
        raise MissingExtraError("a Redis broker needs redis-py: pip install 'livedash[redis]'") from error
    return redis


def redis_errors() -> tuple[type[Exception], ...]:
    """What says that the server is lost, whatever it was asked."""
    return (_redis().RedisError, OSError, TimeoutError)


class Servers(Protocol):
    @property
    def address(self) -> str:
        """For people: without a password."""

    async def client(self, key: str, answer_limit_s: float) -> Any:
        """A client with one connection to the server that has the key. Raises what `redis_errors` says."""


def servers_of(url: str) -> Servers:
    """Of `redis://`, `rediss://`, `redis+sentinel://…/master`, `redis+cluster://…`, and these two with `rediss`.

    Raises SettingRefusedError, and MissingExtraError without redis-py.
    """
    _redis()
    parts = urlsplit(url)
    try:
        if parts.scheme in _SCHEMES:
            return _One(parts)
        one, _, several = parts.scheme.partition("+")
        if one in _SCHEMES and several == "sentinel":
            return _Sentinels(parts)
        if one in _SCHEMES and several == "cluster":
            return _Cluster(parts)
    except ValueError as error:
        raise SettingRefusedError(f"{_shown(parts)} is no broker's address: {error}") from error
    raise SettingRefusedError(f"{_shown(parts)}: a Redis is given as redis://, redis+sentinel:// or redis+cluster://")


async def run_of(client: Any) -> str:
    """The server process, as it names itself. Raises where it is no master: what it takes would not last."""
    replication = await client.info("replication")
    if replication["role"] != "master":
        raise _redis().ReadOnlyError(f"the server is a {replication['role']}")
    return str((await client.info("server"))["run_id"])


@dataclass(frozen=True, slots=True)
class _One:
    parts: SplitResult

    @property
    def address(self) -> str:
        return _shown(self.parts)

    async def client(self, key: str, answer_limit_s: float) -> Any:
        return await _connected(urlunsplit(self.parts._replace(scheme=_scheme(self.parts))), answer_limit_s)


class _Sentinels:
    """The master that sentinels name. They have users and passwords of their own: `sentinel_username`, `sentinel_password`."""

    def __init__(self, parts: SplitResult) -> None:
        self.address = _shown(parts)
        options = dict(parse_qsl(parts.query))
        user, password = options.pop("sentinel_username", ""), options.pop("sentinel_password", "")
        self._of_sentinels = f"{quote(user)}:{quote(password)}@" if password else ""
        self._credentials = _with(parts.netloc.rpartition("@")[0])
        self._scheme = _scheme(parts)
        self._options = f"?{urlencode(options)}" if options else ""
        self._sentinels = _hosts(parts, _SENTINEL_PORT)
        self._service, _, database = parts.path.lstrip("/").partition("/")
        self._database = database or "0"
        if not self._service:
            raise SettingRefusedError(
                f"{self.address} names no master; write redis+sentinel://host:26379,host2:26379/mymaster"
            )

    async def client(self, key: str, answer_limit_s: float) -> Any:
        last: Exception | None = None
        for host, port in self._sentinels:
            try:
                url = f"{self._scheme}://{self._of_sentinels}{host}:{port}{self._options}"
                sentinel = await _connected(url, limits.BROKER_ANSWER_S)
                try:
                    found = await sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service)
                finally:
                    await closed(sentinel)
            except redis_errors() as error:
                last = error
                continue
            if found:
                master, at = (part.decode() for part in found)
                url = f"{self._scheme}://{self._credentials}{master}:{at}/{self._database}{self._options}"
                return await _connected(url, answer_limit_s)
        raise last or _redis().ConnectionError(f"no sentinel knows the master {self._service!r}")


class _Cluster:
    """The node that has the slot of the key. All our keys have one."""

    def __init__(self, parts: SplitResult) -> None:
        self.address = _shown(parts)
        self._before = f"{_scheme(parts)}://{_with(parts.netloc.rpartition('@')[0])}"
        self._options = f"?{parts.query}" if parts.query else ""
        self._nodes = _hosts(parts, _PORT)

    async def client(self, key: str, answer_limit_s: float) -> Any:
        slot = _redis().crc.key_slot(key.encode(), _CLUSTER_SLOTS)
        last: Exception | None = None
        for host, port in self._nodes:
            try:
                node = await _connected(f"{self._before}{host}:{port}{self._options}", limits.BROKER_ANSWER_S)
                try:
                    ranges = await node.execute_command("CLUSTER", "SLOTS")
                finally:
                    await closed(node)
            except redis_errors() as error:
                last = error
                continue
            for first, stop, (owner, at, *_), *_ in _plain(ranges):
                if first <= slot <= stop:
                    at_host = owner.decode() or host
                    return await _connected(f"{self._before}{at_host}:{at}{self._options}", answer_limit_s)
        raise last or _redis().ConnectionError(f"no node of the cluster has the slot {slot}")


async def _connected(url: str, answer_limit_s: float) -> Any:
    """It neither retries nor connects again: what follows a break may be another process."""
    redis = _redis()
    client = redis.asyncio.Redis.from_url(
        url,
        single_connection_client=True,
        socket_timeout=answer_limit_s,
        socket_connect_timeout=limits.BROKER_ANSWER_S,
        retry=redis.asyncio.retry.Retry(redis.backoff.NoBackoff(), 0),
        health_check_interval=0,
        protocol=2,
        client_name="livedash",
    )
    try:
        await client.initialize()
    except BaseException:
        await closed(client)
        raise
    return client


async def closed(client: Any) -> None:
    """Its connection is gone, whatever goes on there. `aclose` would raise where two tasks find it broken at once."""
    connection, client.connection = client.connection, None
    if connection is not None:
        with contextlib.suppress(*redis_errors()):
            await connection.disconnect(nowait=True)


def _hosts(parts: SplitResult, port: int) -> list[tuple[str, int]]:
    """Of `host:port,host:port`. Raises SettingRefusedError."""
    found = []
    for text in parts.netloc.rpartition("@")[2].split(","):
        host, _, number = text.rpartition(":") if text.rpartition(":")[2].isdigit() else (text, "", str(port))
        if not host:
            raise SettingRefusedError(f"{_shown(parts)}: each address is host:port, joined by commas")
        found.append((host, int(number)))
    return found


def _plain(ranges: Any) -> Any:
    """CLUSTER SLOTS as the server says it; redis-py may have made a mapping of it."""
    if isinstance(ranges, dict):
        return [
            (first, last, (each["primary"][0].encode(), each["primary"][1])) for (first, last), each in ranges.items()
        ]
    return ranges


def _scheme(parts: SplitResult) -> str:
    """As redis-py knows it."""
    return parts.scheme.partition("+")[0].replace("valkey", "redis")


def _with(credentials: str) -> str:
    return f"{credentials}@" if credentials else ""


def _shown(parts: SplitResult) -> str:
    hosts = parts.netloc.rpartition("@")[2]
    options = urlencode([(name, value) for name, value in parse_qsl(parts.query) if "password" not in name])
    return urlunsplit((parts.scheme, hosts, parts.path, options, ""))
