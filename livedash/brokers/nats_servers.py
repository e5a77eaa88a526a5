"""The NATS servers of an address, how they are reached, and which of them comes first."""

from __future__ import annotations

import ssl
from collections import deque
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from livedash.brokers.contract import BrokerLostError
from livedash.brokers.nats_connection import NatsConnection, nats
from livedash.errors import SettingRefusedError

_PORT: Final = 4222
_SCHEMES: Final = ("nats", "tls")
_REPLICAS: Final = ("1", "3", "5")


class NatsServers:
    """Of `nats://user:password@host:4222,host2:4222`, or `tls://`, with `?replicas=3&ssl_ca_certs=ca.pem`.

    `replicas`: copies of each stream, in a cluster of so many servers. Raises SettingRefusedError.
    """

    def __init__(self, url: str) -> None:
        nats()
        parts = urlsplit(url)
        credentials, _, hosts = parts.netloc.rpartition("@")
        self.address = f"{parts.scheme}://{hosts}"
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        replicas, authority = options.pop("replicas", "1"), options.pop("ssl_ca_certs", None)
        if parts.scheme not in _SCHEMES or parts.path.strip("/") or options or not hosts:
            raise SettingRefusedError(f"{self.address} is no NATS server; write nats://host:4222 or tls://host:4222")
        if replicas not in _REPLICAS:
            raise SettingRefusedError(f"replicas={replicas[:20]!r}: NATS keeps 1, 3 or 5 copies")
        self.replicas = int(replicas)
        self._tls = _tls_of(parts.scheme, authority)
        self._urls = deque(_url_of(parts, credentials, host) for host in hosts.split(","))

    async def connect(self) -> NatsConnection:
        """To the first that answers. Raises BrokerLostError."""
        refused = BrokerLostError("no server")
        for _ in range(len(self._urls)):
            try:
                return await NatsConnection.open(self._urls[0], self._tls)
            except BrokerLostError as error:
                refused = error
                self.pass_over()
        raise refused

    def pass_over(self) -> None:
        """The one that was used comes last: it may answer, and be cut off from the others of its cluster."""
        self._urls.rotate(-1)


def _url_of(parts: SplitResult, credentials: str, host: str) -> str:
    at = f"{credentials}@" if credentials else ""
    return f"{parts.scheme}://{at}{host}" + ("" if urlsplit(f"//{host}").port else f":{_PORT}")


def _tls_of(scheme: str, authority: str | None) -> ssl.SSLContext | None:
    """`authority`: the file of who signs the server's certificate, where this machine does not know it."""
    if authority is None:
        return ssl.create_default_context() if scheme == "tls" else None
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise SettingRefusedError(f"ssl_ca_certs={authority[:200]!r} can't be read: {error}") from error
