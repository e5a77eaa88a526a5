"""A server's life: listening, and an end that leaves nobody behind: not ready, bye, flush, gone (DESIGN 4.6)."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import random
import secrets
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from livedash import limits
from livedash.errors import SettingRefusedError
from livedash.server.app import http_server, serve_application
from livedash.server.auth import TokenLogin
from livedash.server.config import ServerConfig
from livedash.server.reconnects import waits_s
from livedash.server.services import Services
from livedash.transports.viewer import Viewer

_BACKLOG = 4096
_DRAIN_POLL_S = 0.05
_CLOSE_S = 1.0
_TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What `livedash serve` is asked for. Port 0: any free one. `token` None: one is made.

    `shares_port`: with other processes.
    """

    host: str = "127.0.0.1"
    port: int = 8899
    token: str | None = None
    public_url: str | None = None
    trusts_proxy: bool = False
    data_dir: str | None = None
    data_dir_bytes: int = limits.DATA_DIR_BYTES
    broker: str | None = None
    shares_port: bool = False
    connections: int = limits.CONNECTIONS
    address_connections: int = limits.ADDRESS_CONNECTIONS
    link_connections: int = limits.LINK_CONNECTIONS
    rooms_per_connection: int = limits.SUBSCRIPTIONS_PER_CONNECTION
    record_bytes: int = limits.RECORD_BYTES
    publish_body_bytes: int = limits.PUBLISH_BODY_BYTES
    publish_rate_records: float = limits.PUBLISH_RATE_RECORDS
    publish_rate_bytes: float = limits.PUBLISH_RATE_BYTES


class RunningServer:
    """A hub and its HTTP server on the running loop."""

    def __init__(self, services: Services, server: HTTPServer, url: str, token: str) -> None:
        self.services = services
        self.url = url
        self.token = token
        self._server = server

    async def drain(self) -> None:
        """Stops accepting, sends viewers away with a spread of delays, waits until they have left, at most `drain_s`."""
        await drain(self.services, self._server.stop)
        with contextlib.suppress(TimeoutError):  # tornado waits for a WebSocket's handler, which waits for its peer
            await asyncio.wait_for(self._server.close_all_connections(), _CLOSE_S)
        await self.services.close()


async def drain(services: Services, stop_accepting: Callable[[], None]) -> None:
    """Also of a Jupyter server, whose listening sockets are its own. What was sent is taken, or `drain_s` is over."""
    services.is_draining = True
    stop_accepting()
    drain_s = services.config.drain_s
    leaving = services.stage.viewers()
    _send_away(leaving, drain_s)
    end_s = services.stage.clock_s() + drain_s

    def is_left() -> bool:
        return bool(services.hub.sessions()) or any(viewer.is_sending for viewer in leaving)

    while is_left() and services.stage.clock_s() < end_s:  # noqa: ASYNC110  # an event would cost each viewer
        await asyncio.sleep(_DRAIN_POLL_S)


def _send_away(viewers: list[Viewer], drain_s: float) -> None:
    """All at once, each with a wait of its own. Who publishes comes first: readers wait for what it may have to give back."""
    readers = [viewer for viewer in viewers if viewer.session.is_reader]
    publishers = [viewer for viewer in viewers if not viewer.session.is_reader]
    for leaving, longest_s in ((publishers, min(drain_s, limits.PUBLISHER_BACKOFF_MAX_S)), (readers, drain_s)):
        for viewer, wait_s in zip(leaving, waits_s(len(leaving), longest_s, random.SystemRandom()), strict=True):
            viewer.end("draining", retry_after_s=wait_s)


def new_token() -> str:
    return secrets.token_urlsafe(_TOKEN_BYTES)


async def start(options: ServeOptions) -> RunningServer:
    """Listens from now on, on the running loop; who comes before the rooms are read from disk waits.

    Raises SettingRefusedError where the port is taken, or the data directory can't be used.
    """
    token = options.token or new_token()
    sockets = _listening_sockets(options)
    port = sockets[0].getsockname()[1]
    shown_host = "127.0.0.1" if options.host in ("", "0.0.0.0", "::", "127.0.0.1") else options.host
    url = f"http://{f'[{shown_host}]' if ':' in shown_host else shown_host}:{port}/livedash/"
    config = ServerConfig(
        public_url=options.public_url,
        listening_url=listening_url(options.host, port),
        data_dir=options.data_dir,
        data_dir_bytes=options.data_dir_bytes,
        broker=options.broker,
        connections=options.connections,
        address_connections=options.address_connections,
        link_connections=options.link_connections,
        rooms_per_connection=options.rooms_per_connection,
        record_bytes=options.record_bytes,
        publish_body_bytes=options.publish_body_bytes,
        publish_rate_records=options.publish_rate_records,
        publish_rate_bytes=options.publish_rate_bytes,
    )
    try:
        services = Services(config, asyncio.get_running_loop())
    except BaseException:
        _close(sockets)
        raise
    services.replication.start()
    try:
        await services.data_dir.open()
    except BaseException:
        await services.close()
        _close(sockets)
        raise
    server = http_server(serve_application(services, TokenLogin(token)), trusts_proxy=options.trusts_proxy)
    server.add_sockets(sockets)
    return RunningServer(services, server, url, token)


def _close(sockets: list[socket.socket]) -> None:
    for each in sockets:
        each.close()


def _listening_sockets(options: ServeOptions) -> list[socket.socket]:
    """Raises SettingRefusedError where the port is taken."""
    try:
        return bind_sockets(options.port, options.host or None, backlog=_BACKLOG, reuse_port=options.shares_port)
    except OSError as error:
        raise port_refused(options, error) from error


def port_refused(options: ServeOptions, error: OSError) -> Exception:
    """What to raise for it."""
    if error.errno not in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
        return error
    return SettingRefusedError(
        f"can't listen on {options.host or '*'}:{options.port} ({error.strerror}); choose another by --port"
    )


def listening_url(host: str, port: int, scheme: str = "http") -> str:
    """The address for others: where all interfaces listen, this machine's name."""
    name = socket.gethostname() if host in ("", "*", "0.0.0.0", "::") else host
    return f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}"


async def serve_until_signal(options: ServeOptions, on_started: Callable[[RunningServer], None]) -> None:
    """Runs until SIGTERM or SIGINT, then drains. A second signal ends the wait."""
    running = await start(options)
    on_started(running)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    stop.clear()
    draining = asyncio.ensure_future(running.drain())
    again = asyncio.ensure_future(stop.wait())
    await asyncio.wait((draining, again), return_when=asyncio.FIRST_COMPLETED)
    for task in (draining, again):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await running.services.close()  # a second signal ends the wait for viewers, not that for the disk
