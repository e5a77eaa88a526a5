"""Three NATS servers that are one cluster, as tests start them."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.brokers.nats_server import NatsServer
from tests.brokers.servers import START_LIMIT_S
from tests.end_to_end.processes import free_port, wait_until

NODES = 3


class NatsCluster:
    """Its streams may have three copies. A node answers once it knows that its streams are whole."""

    def __init__(self, folder: Path) -> None:
        ports = [free_port() for _ in range(NODES)]
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in ports)
        self.nodes = [
            NatsServer(
                folder / f"node-{number}",
                options=(f'cluster {{ name: livedash, listen: "127.0.0.1:{port}", routes: [{routes}] }}',),
            )
            for number, port in enumerate(ports)
        ]
        self._running = contextlib.ExitStack()

    @property
    def url(self) -> str:
        return "nats://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes) + "?replicas=3"

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as starting, ThreadPoolExecutor(NODES) as at_once:
            for node in at_once.map(NatsServer.__enter__, self.nodes):  # none answers before it has met another
                starting.push(node.__exit__)
            self._running = starting.pop_all()
        try:
            self.wait_until_whole()
        except BaseException:
            self._running.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.__exit__(kind, error, trace)

    def leader_of(self, stream: str) -> NatsServer:
        """The node that takes what is stored there."""
        found: list[NatsServer] = []

        def is_led() -> bool:
            running = (node for node in self.nodes if node.is_running)
            found[:] = [node for node in running if _leads(node, stream)]
            return len(found) == 1

        wait_until(is_led, START_LIMIT_S, f"{stream} has a leader")
        return found[0]

    def wait_until_led(self) -> None:
        """Each of livedash's streams has a leader."""
        streams = {name for node in self.nodes if node.is_running for name in _streams_of(node)}
        for stream in streams:
            self.leader_of(stream)

    def wait_until_whole(self) -> None:
        """Each node has what the others have."""
        wait_until(lambda: all(node.is_whole() for node in self.nodes), START_LIMIT_S, "the cluster is whole")


def _streams_of(node: NatsServer) -> dict[str, str]:
    """And the leader of each, as the node sees it."""
    told = node.jetstream("?accounts=true&streams=true")
    return {
        each["name"]: each["cluster"].get("leader", "")
        for account in told.get("account_details") or ()
        for each in account.get("stream_detail") or ()
    }


def _leads(node: NatsServer, stream: str) -> bool:
    """As the node itself sees it; the first characters of the name are enough."""
    return any(leader == node.name for name, leader in _streams_of(node).items() if name.startswith(stream))
