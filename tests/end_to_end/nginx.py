"""nginx as a reverse proxy in front of a server: under a path prefix, and set up so that it spoils one or the other transport."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Sequence
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
  log_format asked '$request_uri $status';
  access_log {home}/access.log asked;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  map $http_upgrade $connection_header {{ default upgrade; '' ''; }}
  proxy_read_timeout {read_timeout_s}s;
  upstream servers {{ {servers} }}
  server {{
    listen 127.0.0.1:{port};
    {refused}
    location {prefix} {{
      proxy_pass http://servers{upstream_path};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade {upgrade};
      proxy_set_header Connection {connection};
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_buffering {buffering};
      {spoiling}
    }}
  }}
}}
"""

SPOILING = "proxy_ignore_headers X-Accel-Buffering; gzip on; gzip_proxied any; gzip_min_length 1; gzip_types *;"
REFUSED = "location ~ /({names})$ {{ return 403; }}"


def nginx_path() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise RuntimeError("no nginx on this machine; on Debian: apt-get install nginx")
    return found


class Nginx:
    """127.0.0.1:`port``prefix` → 127.0.0.1:`upstream_port``upstream_path`, while it is entered.

    `others`: further upstream ports, to which requests go in turn. `buffers`: answers are compressed and kept back until
    they end, even where the server asks for the contrary.
    `upgrades`: WebSockets pass. `refuses`: last parts of paths that are answered with 403. `read_timeout_s`: a connection
    on which the server is silent for so long is cut. The defaults are what a well set up proxy does.
    """

    def __init__(
        self,
        home: Path,
        upstream_port: int,
        *,
        prefix: str = "/",
        upstream_path: str = "/",
        others: Sequence[int] = (),
        buffers: bool = False,
        upgrades: bool = True,
        refuses: Sequence[str] = (),
        read_timeout_s: int = 60,
        port: int | None = None,
    ) -> None:
        self.home, self.port = home, port or free_port()
        self._configuration = CONFIGURATION.format(
            home=home,
            port=self.port,
            prefix=prefix,
            servers=" ".join(f"server 127.0.0.1:{each};" for each in (upstream_port, *others)),
            upstream_path=upstream_path,
            upgrade="$http_upgrade" if upgrades else '""',
            connection="$connection_header" if upgrades else '""',
            buffering="on" if buffers else "off",
            spoiling=SPOILING if buffers else "",
            refused=REFUSED.format(names="|".join(refuses)) if refuses else "",
            read_timeout_s=read_timeout_s,
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

    def asked(self) -> list[str]:
        """The last parts of the paths of the requests that are over, the oldest first."""
        lines = (self.home / "access.log").read_text().splitlines()
        return [line.split()[0].partition("?")[0].rpartition("/")[2] for line in lines]

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
