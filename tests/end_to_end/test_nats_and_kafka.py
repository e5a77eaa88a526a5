"""Two servers on one NATS or Kafka are one hub, also over a kill of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.brokers.kafka_server import KafkaServer
from tests.brokers.nats_server import NatsServer
from tests.brokers.servers import Data
from tests.end_to_end.hosts import Host
from tests.end_to_end.processes import wait_until
from tests.end_to_end.serve import ServeProcess

LIMIT_S = 30.0


def records_at(host: Host) -> list[int]:
    status, records = host.ask("GET", "rooms/train/records")
    return [record["n"] for record in records] if status == 200 else []


@pytest.mark.parametrize("start", [NatsServer, KafkaServer])
def test_two_servers_on_one_broker_hold_the_same_before_and_after_it_was_killed(
    start: Callable[[Path], NatsServer | KafkaServer], tmp_path: Path
) -> None:
    with (
        start(tmp_path / "broker") as broker,
        ServeProcess(tmp_path / "one", arguments=["--broker", broker.url]) as one,
        ServeProcess(tmp_path / "other", arguments=["--broker", broker.url]) as other,
    ):
        hosts = [Host(each.url, each.token) for each in (one, other)]
        first = hosts[0].publish("train", {"n": 1})
        wait_until(lambda: all(records_at(host) == [1] for host in hosts), LIMIT_S, "both have it")
        broker.restart(Data.KEEP)
        status, second = 503, dict[str, object]()
        for _ in range(10):
            status, second = hosts[1].ask("POST", "rooms/train/records", {"n": 2})
            if status == 200:
                break
        assert status == 200, second
        wait_until(lambda: all(records_at(host) == [1, 2] for host in hosts), LIMIT_S, "both have all")
        assert second == {"epoch": first["epoch"], "offset": 2}
