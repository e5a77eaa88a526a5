"""A Redis or Valkey master that sentinels watch over, as tests start them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.brokers.redis_server import Flavour, Persistence, RedisServer, connected
from tests.brokers.servers import START_LIMIT_S
from tests.end_to_end.processes import wait_until

DOWN_AFTER_MS = 2000  # sentinels ping each second at most: below that they take a living master for dead
FAILOVER_TIMEOUT_MS = 3000
PROMOTION_LIMIT_S = 30.0


class RedisSentinels:
    """A master, a replica, and one or three sentinels that promote the replica soon after the master has gone."""

    MASTER_NAME = "livedash"

    def __init__(self, folder: Path, *, flavour: Flavour = Flavour.VALKEY, sentinels: int = 1) -> None:
        at_once = "repl-diskless-sync-delay 0"  # 5 s by default, to wait for more replicas
        self.master = RedisServer(folder / "first", flavour=flavour, options=[at_once])
        follows = f"replicaof 127.0.0.1 {self.master.port}"
        self.replica = RedisServer(folder / "second", flavour=flavour, options=[at_once, follows])
        self.sentinels = [
            Sentinel(folder / f"sentinel-{number}", self.master, quorum=sentinels // 2 + 1)
            for number in range(sentinels)
        ]
        self._running = contextlib.ExitStack()

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Of the sentinels, as redis-py takes them."""
        return [("127.0.0.1", sentinel.port) for sentinel in self.sentinels]

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as starting:
            starting.enter_context(self.master)
            starting.enter_context(self.replica)
            self._wait_until_in_sync()
            for sentinel in self.sentinels:
                starting.enter_context(sentinel)
            others = len(self.sentinels) - 1
            wait_until(
                lambda: all(sentinel.knows(replicas=1, sentinels=others) for sentinel in self.sentinels),
                START_LIMIT_S,
                "the sentinels know the replica and each other",
            )
            self._running = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.__exit__(kind, error, trace)

    def promote(
        self, *, end: Callable[[], None] | None = None, before: Callable[[], None] = lambda: None
    ) -> RedisServer:
        """Kills the master, or ends it by `end`; returns the server that is master then. The former one is `replica`, down
        until `revive`. `before` is called between its end and the promotion.
        """
        (end or self.master.kill)()
        before()
        self.master, self.replica = self.replica, self.master
        wait_until(
            lambda: (
                self.master.info("replication")["role"] == "master"
                and all(sentinel.master_port() == self.master.port for sentinel in self.sentinels)
            ),
            PROMOTION_LIMIT_S,
            "the sentinels promote the replica",
        )
        return self.master

    def revive(self) -> None:
        """Starts the killed one as a replica of the master: at once, where sentinels take half a minute."""
        self.replica.start()
        self.replica.ask("REPLICAOF", "127.0.0.1", self.master.port)
        self._wait_until_in_sync()

    def _wait_until_in_sync(self) -> None:
        wait_until(self._is_in_sync, START_LIMIT_S, "the replica is in sync")

    def _is_in_sync(self) -> bool:
        state = self.replica.info("replication")
        follows = (state["role"], state.get("master_port")) == ("slave", self.master.port)
        return follows and state["master_link_status"] == "up"


class Sentinel(RedisServer):
    """Watches over a master, at another `port` than the master's own where a proxy lies before it."""

    def __init__(
        self,
        folder: Path,
        master: RedisServer,
        *,
        quorum: int,
        port: int | None = None,
        options: Sequence[str] = (),
    ) -> None:
        name = RedisSentinels.MASTER_NAME
        super().__init__(
            folder,
            flavour=master.flavour,
            persistence=Persistence.SENTINEL,
            options=(
                f"sentinel monitor {name} 127.0.0.1 {port or master.port} {quorum}",
                f"sentinel down-after-milliseconds {name} {DOWN_AFTER_MS}",
                f"sentinel failover-timeout {name} {FAILOVER_TIMEOUT_MS}",
                *options,
            ),
        )

    def command(self) -> list[str]:
        return [*super().command(), "--sentinel"]

    def knows(self, *, replicas: int, sentinels: int) -> bool:
        state = self._state()
        return (int(state["num-slaves"]), int(state["num-other-sentinels"])) == (replicas, sentinels)

    def master_port(self) -> int:
        return int(self._state()["port"])

    def _state(self) -> dict[str, str]:
        with connected(self.port) as client:
            state = client.sentinel_master(RedisSentinels.MASTER_NAME)
            assert isinstance(state, dict)
            return state
