"""The ExtensionApp: starts the hub inside the Jupyter server, and the socket by which kernels find it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from jupyter_core.paths import jupyter_runtime_dir
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.platform.asyncio import BaseAsyncIOLoop
from traitlets import Bool, Float, Int, List, Unicode

from livedash import limits
from livedash.server.app import rules, socket_server
from livedash.server.config import ServerConfig
from livedash.server.lifecycle import drain, listening_url
from livedash.server.services import Services
from livedash_jupyter.handler import JupyterHost, as_open

SOCKET_VARIABLE = "LIVEDASH_SOCKET"
_SOCKET_PATH_BYTES = 100  # sun_path has 108 on Linux and 104 on macOS
_HAS_SOCKETS = os.name == "posix"
_SHORT_NAME = "hub.sock"  # in a folder of its own


class LiveDash(ExtensionApp):
    """Configured as `c.LiveDash.…`, or by `--LiveDash.…=` on the command line."""

    name = "livedash"
    app_name = "livedash"
    description = "Live metrics in notebooks: rooms, feeds, panels and share links."
    extension_url = "/livedash/view"
    load_other_extensions = True
    file_url_prefix = "/render"

    public_url = Unicode("", help="The address by which others reach this server; links carry it.").tag(config=True)
    frame_ancestors = List(
        Unicode(), ["'self'"], help="Who may embed the read-only pages (Content-Security-Policy frame-ancestors)."
    ).tag(config=True)
    history_bytes = Int(limits.HISTORY_BYTES, help="History of one room, in bytes.").tag(config=True)
    hub_history_bytes = Int(limits.HUB_HISTORY_BYTES, help="History of all rooms, in bytes.").tag(config=True)
    viewers_bytes = Int(
        limits.VIEWERS_BYTES, help="What waits for all viewers together, who have not taken it yet, in bytes."
    ).tag(config=True)
    connections = Int(limits.CONNECTIONS, min=0, help="Connections in all.").tag(config=True)
    address_connections = Int(
        limits.ADDRESS_CONNECTIONS, min=0, help="Connections from one address; this machine's own are not counted."
    ).tag(config=True)
    link_connections = Int(limits.LINK_CONNECTIONS, min=0, help="Connections by one share link.").tag(config=True)
    rooms_per_connection = Int(
        limits.SUBSCRIPTIONS_PER_CONNECTION, min=1, help="Rooms and globs that one WebSocket reads."
    ).tag(config=True)
    record_bytes = Int(limits.RECORD_BYTES, min=1, max=limits.RECORD_BYTES, help="Size of one record, at most.").tag(
        config=True
    )
    publish_body_bytes = Int(
        limits.PUBLISH_BODY_BYTES,
        min=limits.PUBLISH_BODY_LEAST_BYTES,
        max=limits.PUBLISH_BODY_BYTES,
        help="Size of one publish, at most.",
    ).tag(config=True)
    publish_rate_records = Float(
        limits.PUBLISH_RATE_RECORDS, min=0, help="Records a second of one publisher; 0 for no bound."
    ).tag(config=True)
    publish_rate_bytes = Float(
        limits.PUBLISH_RATE_BYTES, min=0, help="Bytes a second of one publisher; 0 for no bound."
    ).tag(config=True)
    drain_s = Float(limits.DRAIN_S, help="How long a stop waits for viewers to leave, in seconds.").tag(config=True)
    data_dir = Unicode(
        "", help="Directory that keeps the rooms on disk, for the next start. One server at a time may use it."
    ).tag(config=True)
    data_dir_bytes = Int(limits.DATA_DIR_BYTES, help="Size of that directory, at most, in bytes.").tag(config=True)
    broker = Unicode(
        "",
        help="URL of the broker that joins this hub with others, such as redis://localhost. It keeps the rooms, too.",
    ).tag(config=True)
    save_after_show = Bool(
        True, help="JupyterLab saves a notebook once after a panel's first display, so that a reload finds it."
    ).tag(config=True)

    def initialize_handlers(self) -> None:
        """Routes below `{base_url}livedash/`; kernels inherit the socket's path from this process's environment."""
        assert self.serverapp is not None  # Jupyter links it before it asks for handlers
        base_path = url_path_join(self.serverapp.web_app.settings["base_url"], "livedash/")
        config = ServerConfig(
            public_url=self.public_url or None,
            base_path=base_path,
            frame_ancestors=tuple(self.frame_ancestors),
            history_bytes=self.history_bytes,
            hub_history_bytes=self.hub_history_bytes,
            viewers_bytes=self.viewers_bytes,
            connections=self.connections,
            address_connections=self.address_connections,
            link_connections=self.link_connections,
            rooms_per_connection=self.rooms_per_connection,
            record_bytes=self.record_bytes,
            publish_body_bytes=self.publish_body_bytes,
            publish_rate_records=self.publish_rate_records,
            publish_rate_bytes=self.publish_rate_bytes,
            drain_s=self.drain_s,
            data_dir=self.data_dir or None,
            data_dir_bytes=self.data_dir_bytes,
            broker=self.broker or None,
            save_after_show=self.save_after_show,
        )
        self.services = Services(config, cast(BaseAsyncIOLoop, IOLoop.current()).asyncio_loop)
        table = [
            (path, as_open(handler), arguments)
            for path, handler, arguments in rules(self.services, JupyterHost, base_path)
        ]
        web_app: Any = self.serverapp.web_app
        web_app.add_handlers(".*$", table)
        self._socket_server: HTTPServer | None = None
        self.socket_path = socket_path()
        if _HAS_SOCKETS:
            os.environ[SOCKET_VARIABLE] = str(self.socket_path)

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """After the loop has started, before the first kernel; requests wait for the rooms that are read from disk."""
        address = listening_url(serverapp.ip, serverapp.port, "https" if serverapp.certfile else "http")
        self.services.config = replace(self.services.config, listening_url=address)
        self.services.replication.start()
        await self.services.data_dir.open_or_go_on()
        if _HAS_SOCKETS:
            self._socket_server = socket_server(self.services, str(self.socket_path))
        self.log.info("livedash: hub ready; kernels publish by %s", self.socket_path)

    async def stop_extension(self) -> None:
        """Viewers are told to come back, then the hub ends with the server."""
        await drain(self.services, self._stop_socket)
        await self.services.close()

    def _stop_socket(self) -> None:
        if self._socket_server is not None:
            self._socket_server.stop()
            self._socket_server = None
        self.socket_path.unlink(missing_ok=True)
        if self.socket_path.name == _SHORT_NAME:
            with contextlib.suppress(OSError):  # it is gone, or somebody else's files lie there
                self.socket_path.parent.rmdir()
        if os.environ.get(SOCKET_VARIABLE) == str(self.socket_path):
            del os.environ[SOCKET_VARIABLE]


def socket_path() -> Path:
    """In Jupyter's runtime folder, which only its owner can read; a shorter folder where that is too long for a socket."""
    path = Path(jupyter_runtime_dir(), f"livedash-{os.getpid()}.sock")
    if len(os.fsencode(path)) > _SOCKET_PATH_BYTES:
        return Path(tempfile.mkdtemp(prefix="livedash-"), _SHORT_NAME)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
