"""Three Valkey masters that share the slots of a cluster, as tests start them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.brokers.redis_server import Persistence, RedisServer
from tests.brokers.servers import START_LIMIT_S
from tests.end_to_end.processes import free_port, wait_until

SLOTS = 16384
MASTERS = 3
NODE_TIMEOUT_MS = 2000
PROMOTION_LIMIT_S = 30.0


class RedisCluster:
    """A master that is down takes its slots with it, unless one has a `replica`. Valkey alone, as Redis 6.2 has no sharded
    pub/sub.
    """

    def __init__(self, folder: Path, *, replica_of: str | None = None) -> None:
        """`replica_of`: a key, whose master has a replica: the last node."""
        self._replica_of = replica_of
        self._bus_ports = [free_port() for _ in range(MASTERS + (replica_of is not None))]
        self.nodes = [
            RedisServer(
                folder / f"node-{number}",
                persistence=Persistence.AOF,
                options=(
                    "cluster-enabled yes",
                    f"cluster-port {bus_port}",
                    f"cluster-node-timeout {NODE_TIMEOUT_MS}",
                    "cluster-require-full-coverage no",  # the other masters go on
                ),
            )
            for number, bus_port in enumerate(self._bus_ports)
        ]
        self._running = contextlib.ExitStack()

    @property
    def url(self) -> str:
        """Of the first node; a client finds the others by it."""
        return self.nodes[0].url

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as starting:
            for node in self.nodes:
                starting.enter_context(node)
            self._share_slots()
            self._introduce()
            self.wait_until_ok()
            if self._replica_of is not None:
                self._replicate(self._replica_of)
            self._running = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.__exit__(kind, error, trace)

    def wait_until_ok(self) -> None:
        """Returns once each node says that the cluster is whole."""
        wait_until(lambda: all(map(self._is_whole_at, self.nodes)), START_LIMIT_S, "cluster_state:ok on each node")

    def node_of(self, key: str) -> RedisServer:
        """The node that holds `key`."""
        slot = self.nodes[0].ask("CLUSTER", "KEYSLOT", key)
        assert isinstance(slot, int)
        return self.nodes[slot * MASTERS // SLOTS]

    def promote(self, key: str) -> RedisServer:
        """Kills the master of the key; returns its replica, which the others have made master then."""
        self.node_of(key).kill()
        replica = self.nodes[-1]
        wait_until(
            lambda: replica.info("replication")["role"] == "master", PROMOTION_LIMIT_S, "the replica is promoted"
        )
        return replica

    def _replicate(self, key: str) -> None:
        replica = self.nodes[-1]
        replica.ask("CLUSTER", "REPLICATE", str(self.node_of(key).ask("CLUSTER", "MYID")))
        wait_until(
            lambda: replica.info("replication").get("master_link_status") == "up",
            START_LIMIT_S,
            "the replica is in sync",
        )

    def _is_whole_at(self, node: RedisServer) -> bool:
        state = str(node.ask("CLUSTER", "INFO"))
        return all(line in state for line in ("cluster_state:ok", f"cluster_known_nodes:{len(self.nodes)}"))

    def _share_slots(self) -> None:
        for number, node in enumerate(self.nodes[:MASTERS]):
            first, beyond = -(-number * SLOTS // MASTERS), -(-(number + 1) * SLOTS // MASTERS)
            node.ask("CLUSTER", "ADDSLOTSRANGE", first, beyond - 1)
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)

    def _introduce(self) -> None:
        for node, bus_port in zip(self.nodes[1:], self._bus_ports[1:], strict=True):
            self.nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", node.port, bus_port)
