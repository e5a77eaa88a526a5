from __future__ import annotations

from typing import Any

import pytest

from livedash import limits
from livedash.brokers.contract import BrokerState
from livedash.client.contract import SourceState
from livedash.client.endpoint import Endpoint
from livedash.client.process import Process
from livedash.client.room_spool import RoomSpoolStatistics
from livedash.client.status import StatusReport, status_of
from livedash.transports.backlog import SlowViewers

LIMIT_S = 20.0


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    """One that finds no hub, so that its own is inside it."""
    monkeypatch.delenv("LIVEDASH_URL", raising=False)
    return Process()


def report(**changes: Any) -> StatusReport:
    given: dict[str, Any] = {"reason": None, "buffered_bytes": 0, "rooms": (), "sources": (), **changes}
    return StatusReport("connected", "http://hub/livedash/", "websocket", "server", **given)


def test_report_says_in_a_line_where_the_hub_is_and_why_not_if_it_is_not_there() -> None:
    head = "livedash: connected; hub http://hub/livedash/ (websocket); panels by server"
    assert repr(report()) == head
    assert repr(report(reason="no hub answers")) == f"{head}; no hub answers"


def test_each_room_has_a_line_with_what_was_lost_and_refused_only_where_something_was() -> None:
    rooms = (
        RoomSpoolStatistics("train", 12_345, 12_300, 45, 0, 0, None),
        RoomSpoolStatistics("prices", 10, 2, 1, 4, 3, "bad_value: no key"),
    )
    assert repr(report(rooms=rooms)).splitlines()[1:] == [
        "  train: 12,345 pushed, 12,300 at the hub, 45 waiting",
        "  prices: 10 pushed, 2 at the hub, 1 waiting, 4 lost from the full buffer, 3 refused (bad_value: no key)",
    ]
    assert report(rooms=rooms).dropped == 7


def test_each_source_has_a_line_with_its_last_error() -> None:
    sources = (
        SourceState("load", "system", "running", 1200, 0, None),
        SourceState("query", "orders", "failing", 7, 3, "ValueError: no rows"),
    )
    assert repr(report(sources=sources)).splitlines()[1:] == [
        "  source load -> system: running, 1,200 runs",
        "  source query -> orders: failing, 7 runs, 3 failed; last error: ValueError: no rows",
    ]


def test_slow_viewers_have_a_line_once_there_was_one() -> None:
    assert len(repr(report(slow_viewers=SlowViewers(0, 2**28, 0, 0, 0, 0))).splitlines()) == 1
    assert repr(report(slow_viewers=SlowViewers(3 * 2**19, 2**28, 12_000, 5, 2, 1))).splitlines()[1:] == [
        "  slow viewers: 1.5 MiB wait; 12,000 times coalesced, 5 records conflated, 2 queues dropped, 1 viewers disconnected"
    ]


def test_broker_has_a_line_with_what_waits_for_it_and_why() -> None:
    broker = BrokerState("connected", "redis://10.0.4.20:6379/0", 2, 0)
    assert repr(report(broker=broker)).splitlines()[1:] == ["  broker redis://10.0.4.20:6379/0: connected, 2 hubs"]
    broker = BrokerState("away", "redis://10.0.4.20:6379/0", 1, 1204, "the connection broke")
    assert repr(report(broker=broker)).splitlines()[1:] == [
        "  broker redis://10.0.4.20:6379/0: away, 1 hub, 1,204 changes wait; the connection broke"
    ]


def test_process_without_a_server_feeds_its_panels_by_the_comm(process: Process) -> None:
    process.publisher.push("train", n=1)
    assert process.publisher.flush(LIMIT_S) == 0
    status = status_of(process, [])
    assert (status.state, status.endpoint, status.transport) == ("connected", "in this process", "in-process")
    assert (status.panels_by, status.dropped, status.reason) == ("comm", 0, None)
    assert status.slow_viewers == SlowViewers(0, limits.VIEWERS_BYTES, 0, 0, 0, 0)
    assert status.rooms == (RoomSpoolStatistics("train", 1, 1, 0, 0, 0, None),)
    process.publisher.close()


@pytest.mark.parametrize(("is_jupyter", "panels_by"), [(True, "server"), (False, "comm")])
def test_only_a_kernels_own_server_feeds_its_panels(process: Process, is_jupyter: bool, panels_by: str) -> None:
    process.use(Endpoint("http://127.0.0.1:9/livedash/", token="s3cret", is_jupyter=is_jupyter))
    status = status_of(process, [])
    assert (status.state, status.endpoint, status.panels_by) == ("idle", "http://127.0.0.1:9/livedash/", panels_by)
    assert "s3cret" not in repr(status)
