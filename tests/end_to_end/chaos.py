"""Two servers on one broker, a script that pushes and a strict reader at each: what befalls them, and what came of it.

One place for tests and tests/benchmarks/chaos.py: what a broker is here stands in `KINDS`, what befalls it in `FAULTS`.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from _pytest.mark import ParameterSet

from livedash.clock import monotonic_s, sleep_s
from tests.brokers.kafka_server import KafkaServer
from tests.brokers.nats_cluster import NatsCluster
from tests.brokers.nats_server import NatsServer
from tests.brokers.redis_cluster import RedisCluster
from tests.brokers.redis_sentinels import RedisSentinels
from tests.brokers.redis_server import Flavour, Persistence, RedisServer
from tests.brokers.servers import Data, Server
from tests.client.strict_reader import StrictReader
from tests.end_to_end.hosts import Host
from tests.end_to_end.processes import Running, running, wait_until
from tests.end_to_end.serve import ServeProcess
from tests.end_to_end.tcp_proxy import TcpProxy

ROOM: Final = "train"
RATE_HZ: Final = 250  # of each script
SOME: Final = 100  # records of each script that have come before the fault, and come after it
LIMIT_S: Final = 60.0
LONG_S: Final = 10.0
SOON_S: Final = {"broker-stopped": 10.0, "line-stalled": 4.0}  # longer than a hub waits for an answer
PUSH: Final = f"""import pathlib, sys, time
import livedash as ld
who, end = sys.argv[1], pathlib.Path(sys.argv[2])
start, n = time.monotonic(), 0
while not end.exists():
    ld.push({ROOM!r}, who=who, n=n, at=time.monotonic())
    n += 1
    time.sleep(max(0, start + n / {RATE_HZ} - time.monotonic()))
print("pushed", n)
"""
WHO: Final = ("a", "b")

AnyBroker = Server | NatsCluster | RedisSentinels | RedisCluster


@dataclass(frozen=True, slots=True)
class Kind:
    """`has_line`: there is one address only, so that a proxy can lie before it. `is_slow`: a hub may have read on while the
    other one, which begins a new epoch, had not: readers at the first are told so.
    """

    open: Callable[[Path], AbstractContextManager[AnyBroker]]
    url: Callable[[Any], str]
    faults: tuple[str, ...]
    has_line: bool = False
    is_slow: bool = False


@dataclass(frozen=True, slots=True)
class Team:
    """`line` lies between `other` and the broker, where its kind has one."""

    broker: Any
    one: ServeProcess
    other: ServeProcess
    line: TcpProxy | None = None

    @property
    def hubs(self) -> tuple[ServeProcess, ServeProcess]:
        return self.one, self.other

    @property
    def hosts(self) -> tuple[Host, Host]:
        return Host(self.one.url, self.one.token), Host(self.other.url, self.other.token)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of both servers and both readers. `consistent_s`: from the end of the fault until both readers have all that had been
    pushed by then, and something of each script that was pushed later. `epochs`: that the room went through.
    """

    pushed: int
    lost: int
    doubled: int
    misplaced: int
    epochs: int
    gaps: tuple[str, ...]
    wrong: tuple[str, ...]
    consistent_s: float

    @property
    def is_whole(self) -> bool:
        return not (self.lost or self.doubled or self.misplaced or self.wrong)


# Faults: each returns when it has ended, and the broker or the hub is there again


def broker_killed(team: Team, pause_s: float) -> None:
    _kill_and_start(team, Data.KEEP, pause_s)


def broker_emptied(team: Team, pause_s: float) -> None:
    _kill_and_start(team, Data.EMPTY, pause_s)


def broker_from_an_old_dump(team: Team, pause_s: float) -> None:
    dump = team.broker.dump()
    wait_for_more(team, SOME)
    _kill_and_start(team, dump, pause_s)


def _kill_and_start(team: Team, data: Data | Path, pause_s: float) -> None:
    team.broker.kill()
    sleep_s(pause_s)
    team.broker.restart(data)


def broker_stopped(team: Team, pause_s: float) -> None:
    team.broker.pause()
    sleep_s(pause_s)
    team.broker.resume()


def line_cut(team: Team, pause_s: float) -> None:
    assert team.line is not None
    team.line.cut()
    sleep_s(pause_s)
    team.line.resume()


def line_stalled(team: Team, pause_s: float) -> None:
    """It swallows what comes, and closes nothing."""
    assert team.line is not None
    team.line.pause()
    sleep_s(pause_s)
    team.line.resume()


def line_half_open(team: Team, _: float) -> None:
    """The connections that there are carry nothing any more; new ones do."""
    assert team.line is not None
    team.line.forget()


def hub_killed(team: Team, _: float) -> None:
    team.other.kill()
    team.other.start()
    wait_until(lambda: team.hosts[1].ask("GET", "health/ready")[0] == 200, LIMIT_S, "the hub is ready")


def broker_and_hub_killed(team: Team, _: float) -> None:
    team.other.kill()
    team.broker.restart(Data.KEEP)
    team.other.start()
    wait_until(lambda: team.hosts[1].ask("GET", "health/ready")[0] == 200, LIMIT_S, "the hub is ready")


def master_killed(team: Team, _: float) -> None:
    team.broker.promote()


def master_killed_with_a_replica_that_lags(team: Team, _: float) -> None:
    """It gets nothing of the last records, and is promoted."""
    team.broker.replica.pause()
    team.broker.master.ask("CLIENT", "KILL", "TYPE", "replica")  # else the rest would wait in the replica's socket
    wait_for_more(team, SOME)
    team.broker.promote(before=team.broker.replica.resume)


def master_stopped(team: Team, pause_s: float) -> None:
    """The replica is promoted meanwhile; the old master comes back and takes itself for one for a moment."""
    former = team.broker.master
    team.broker.promote(end=former.pause)
    sleep_s(pause_s)
    former.resume()


def node_replaced(team: Team, _: float) -> None:
    """By its replica."""
    team.broker.promote(SLOT_KEY)


def leader_killed(team: Team, _: float) -> None:
    """The node that takes what comes; another one does after some seconds, and has all."""
    node = team.broker.leader_of("livedash_log_")
    node.kill()
    team.broker.wait_until_led()


def leader_stopped(team: Team, pause_s: float) -> None:
    """Another one leads meanwhile, and it comes back as if nothing had been."""
    node = team.broker.leader_of("livedash_log_")
    node.pause()
    sleep_s(pause_s)
    node.resume()
    team.broker.wait_until_led()


def connected_node_killed(team: Team, _: float) -> None:
    """The one to which both servers are connected, and which may take what comes or not."""
    node = team.broker.nodes[0]
    node.kill()
    team.broker.wait_until_led()


def node_killed(team: Team, _: float) -> None:
    team.broker.node_of(SLOT_KEY).restart()
    team.broker.wait_until_ok()


FAULTS: Final[Mapping[str, Callable[[Team, float], None]]] = {
    "broker-killed": broker_killed,
    "broker-emptied": broker_emptied,
    "broker-from-an-old-dump": broker_from_an_old_dump,
    "broker-stopped": broker_stopped,
    "line-cut": line_cut,
    "line-stalled": line_stalled,
    "line-half-open": line_half_open,
    "hub-killed": hub_killed,
    "broker-and-hub-killed": broker_and_hub_killed,
    "master-killed": master_killed,
    "master-killed-replica-lags": master_killed_with_a_replica_that_lags,
    "master-stopped": master_stopped,
    "node-killed": node_killed,
    "node-replaced": node_replaced,
    "leader-killed": leader_killed,
    "leader-stopped": leader_stopped,
    "connected-node-killed": connected_node_killed,
}
NEW_EPOCH: Final = frozenset(("broker-emptied", "broker-from-an-old-dump", "master-killed-replica-lags"))
# nobody can say whether something is lost where a hub does not come back that the other one knew of
MAYBE_NEW_EPOCH: Final = frozenset(("broker-and-hub-killed",))
OF_ONE_SERVER: Final = tuple(name for name in FAULTS if name.partition("-")[0] in ("broker", "line", "hub"))
SLOT_KEY: Final = "{livedash}:meta"


def _hosts_of(addresses: Sequence[tuple[str, int]]) -> str:
    return ",".join(f"{host}:{port}" for host, port in addresses)


KINDS: Final[Mapping[str, Kind]] = {
    "redis": Kind(
        lambda folder: RedisServer(folder, flavour=Flavour.REDIS, persistence=Persistence.AOF),
        lambda server: server.url,
        OF_ONE_SERVER,
        has_line=True,
    ),
    "valkey": Kind(
        lambda folder: RedisServer(folder, persistence=Persistence.AOF),
        lambda server: server.url,
        OF_ONE_SERVER,
        has_line=True,
    ),
    "nats": Kind(
        lambda folder: NatsServer(folder, sync_always=True), lambda server: server.url, OF_ONE_SERVER, has_line=True
    ),
    "kafka": Kind(  # a client goes where the server sends it, so past any line
        KafkaServer,
        lambda server: server.url,
        tuple(name for name in OF_ONE_SERVER if not name.startswith("line")),
        is_slow=True,
    ),
    "sentinels": Kind(
        RedisSentinels,
        lambda site: f"redis+sentinel://{_hosts_of(site.addresses)}/{site.MASTER_NAME}",
        ("master-killed", "master-killed-replica-lags", "master-stopped", "hub-killed"),
    ),
    "nats-cluster": Kind(
        NatsCluster,
        lambda site: site.url,
        ("leader-killed", "leader-stopped", "connected-node-killed", "hub-killed"),
    ),
    "cluster": Kind(
        lambda folder: RedisCluster(folder, replica_of=SLOT_KEY),
        lambda site: f"redis+cluster://{_hosts_of([('127.0.0.1', node.port) for node in site.nodes])}",
        ("node-killed", "node-replaced", "hub-killed"),
    ),
}


def stories(kind: str, *faults: str) -> list[ParameterSet]:
    """Of tests that take `kind`, `fault` and `pause_s`: these faults soon, and each that the kind has at its length."""
    soon = [
        pytest.param(kind, fault, SOON_S.get(fault, 1.0), id=f"{kind}-{fault}")
        for fault in KINDS[kind].faults
        if fault in faults
    ]
    return soon + [
        pytest.param(kind, fault, LONG_S, id=f"{kind}-{fault}-long", marks=pytest.mark.soak)
        for fault in KINDS[kind].faults
    ]


# One fault from beginning to end


@contextlib.contextmanager
def team_on(kind: str, folder: Path) -> Iterator[Team]:
    of = KINDS[kind]
    with contextlib.ExitStack() as entered:
        broker = entered.enter_context(of.open(folder / "broker"))
        url = other_url = of.url(broker)
        line = None
        if of.has_line:
            assert isinstance(broker, Server)
            line = entered.enter_context(TcpProxy(broker.port))
            other_url = url.replace(f":{broker.port}", f":{line.port}")
        one = entered.enter_context(ServeProcess(folder / "one", arguments=["--broker", url]))
        other = entered.enter_context(ServeProcess(folder / "other", arguments=["--broker", other_url]))
        yield Team(broker, one, other, line)


def suffer(kind: str, fault: str, folder: Path, *, pause_s: float) -> Outcome:
    """Both scripts push on until what came of the fault is over. TimeoutError where that does not end."""
    with team_on(kind, folder) as team:
        return _suffer(team, fault, folder, pause_s)


def expect_whole(kind: str, fault: str, folder: Path, pause_s: float) -> None:
    """Each record once and in its script's order at both servers and both readers, and nobody told of a gap, but see Kind."""
    outcome = suffer(kind, fault, folder, pause_s=pause_s)
    assert outcome.is_whole, outcome
    may_gap = KINDS[kind].is_slow and fault in NEW_EPOCH | MAYBE_NEW_EPOCH
    assert set(outcome.gaps) <= ({"beyond_top"} if may_gap else set())
    assert outcome.epochs == (2 if fault in NEW_EPOCH else 1) or fault in MAYBE_NEW_EPOCH


def _suffer(team: Team, fault: str, folder: Path, pause_s: float) -> Outcome:
    readers = [StrictReader(host, ROOM) for host in team.hosts]
    end = folder / "end"
    with contextlib.ExitStack() as entered:
        scripts = [
            entered.enter_context(_pushing(who, hub, end, folder)) for who, hub in zip(WHO, team.hubs, strict=True)
        ]
        for reader in readers:
            entered.enter_context(reader)
        wait_until(lambda: all(_counts(reader, SOME) for reader in readers), LIMIT_S, "records of both come to both")
        FAULTS[fault](team, pause_s)
        ended_s = monotonic_s()
        sleep_s(SOME / RATE_HZ)
        end.touch()
        wait_until(lambda: all(each.process.poll() is not None for each in scripts), LIMIT_S, "all is pushed")
        expected = Counter((who, n) for who, each in zip(WHO, scripts, strict=True) for n in range(_pushed(each)))
        with contextlib.suppress(TimeoutError):  # what is not there is told as lost
            wait_until(lambda: all(_has_last(reader, expected) for reader in readers), LIMIT_S, "both readers have all")
        consistent_s = max(_consistent_s(reader, ended_s) for reader in readers)
    held = [host.ask("GET", f"rooms/{ROOM}/records?limit=1000000")[1] for host in team.hosts]
    logs = [*held, *(reader.held for reader in readers)]
    return Outcome(
        pushed=expected.total(),
        lost=sum((expected - _keys(log)).total() for log in logs),
        doubled=sum((_keys(log) - expected).total() for log in logs),
        misplaced=sum(_misplaced(log) for log in logs),
        epochs=len({epoch for reader in readers for epoch in reader.live}),
        gaps=tuple(reason for reader in readers for reason in reader.gaps),
        wrong=tuple(what for reader in readers for what in reader.wrong),
        consistent_s=consistent_s,
    )


def wait_for_more(team: Team, count: int) -> None:
    """Until so many more have come to the first hub."""
    before = _offset(team.hosts[0])
    wait_until(lambda: _offset(team.hosts[0]) >= before + count, LIMIT_S, f"{count} more records")


def _pushing(who: str, hub: ServeProcess, end: Path, folder: Path) -> AbstractContextManager[Running]:
    command = [sys.executable, "-c", PUSH, who, str(end)]
    return running(command, log_path=folder / f"{who}.log", folder=folder, extra=hub.environment)


def _pushed(script: Running) -> int:
    return int(script.log().rpartition("pushed ")[2])


def _offset(host: Host) -> int:
    status, room = host.ask("GET", f"rooms/{ROOM}")
    return int(room["offset"]) if status == 200 else 0


def _keys(records: Sequence[Mapping[str, Any]]) -> Counter[tuple[str, int]]:
    return Counter((record["who"], record["n"]) for record in tuple(records))


def _counts(reader: StrictReader, count: int) -> bool:
    return all(_keys(reader.held)[who, count - 1] for who in WHO)


def _has_last(reader: StrictReader, expected: Counter[tuple[str, int]]) -> bool:
    return expected.keys() <= _keys(reader.held).keys()


def _misplaced(records: Sequence[Mapping[str, Any]]) -> int:
    """Records of a script that stand before an earlier one of it."""
    of_each = [[record["n"] for record in records if record["who"] == who] for who in WHO]
    return sum(second < first for numbers in of_each for first, second in itertools.pairwise(numbers))


def _consistent_s(reader: StrictReader, ended_s: float) -> float:
    before: dict[tuple[str, int], float] = {}
    later: dict[str, float] = {}
    for came_s, records in tuple(reader.came):
        for record in records:
            if record["at"] <= ended_s:
                before.setdefault((record["who"], record["n"]), came_s)
            else:
                later.setdefault(record["who"], came_s)
    return max(*before.values(), *later.values()) - ended_s
