"""nginx as a reverse proxy in front of a server: under a path prefix, and with the buffering that spoils streams."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.end_to_end.processes import Running, free_port, start

START_LIMIT_S = 10.0

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {home}/nginx.pid;
error_log stderr info;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  map $http_upgrade $connection_header {{ default upgrade; '' ''; }}
  server {{
    listen 127.0.0.1:{port};
    location {prefix} {{
      proxy_pass http://127.0.0.1:{upstream_port}{upstream_path};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade {upgrade};
      proxy_set_header Connection {connection};
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_buffering {buffering};
      {ignore}
    }}
  }}
}}
"""


def nginx_path() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise RuntimeError("no nginx on this machine; on Debian: apt-get install nginx")
    return found


class Nginx:
    """127.0.0.1:`port``prefix` → 127.0.0.1:`upstream_port``upstream_path`, while it is entered.

    `buffers`: answers are kept back until they end, even where the server asks for the contrary. `upgrades`: WebSockets
    pass. The defaults are what a well set up proxy does.
    """

    def __init__(
        self,
        home: Path,
        upstream_port: int,
        *,
        prefix: str = "/",
        upstream_path: str = "/",
        buffers: bool = False,
        upgrades: bool = True,
    ) -> None:
        self.home, self.port = home, free_port()
        self._configuration = CONFIGURATION.format(
            home=home,
            port=self.port,
            prefix=prefix,
            upstream_port=upstream_port,
            upstream_path=upstream_path,
            upgrade="$http_upgrade" if upgrades else '""',
            connection="$connection_header" if upgrades else '""',
            buffering="on" if buffers else "off",
            ignore="proxy_ignore_headers X-Accel-Buffering;" if buffers else "",
        )
        self._running: Running | None = None

    def __enter__(self) -> Self:
        self.home.mkdir(parents=True, exist_ok=True)
        configuration = self.home / "nginx.conf"
        configuration.write_text(self._configuration)
        self._running = start(
            [nginx_path(), "-e", "stderr", "-p", self.home, "-c", configuration],
            log_path=self.home / "nginx.log",
            folder=self.home,
        )
        self._running.wait_until(self._listens, START_LIMIT_S, f"nginx listens on port {self.port}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            self._running.end()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
