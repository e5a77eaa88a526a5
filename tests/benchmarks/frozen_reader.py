"""What 5 readers that never read do to the latency of 1,000 others. `python tests/benchmarks/frozen_reader.py`

Rounds with and without them take turns on one hub, so that a noisy minute hits both; the figures are medians of the rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import socket
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))  # its neighbours, when it is run as a script

from tests.end_to_end.crowd import ROOM, CrowdProcess, raise_open_files
from tests.end_to_end.serve import ServeProcess

HEAVY = "heavy"  # what fills a frozen reader's buffers at once
HEAVY_RECORDS, HEAVY_TEXT = 40, "x" * 500_000
RECORD_TEXT = "x" * 200
SETTLE_S = 0.5
DELIVERED_LIMIT_S = 30.0


class Publisher:
    """By plain HTTP, so that a record's latency is the hub's and the line's alone."""

    def __init__(self, hub: ServeProcess) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", hub.port)
        self._headers = {"Authorization": f"Bearer {hub.token}"}

    def post(self, room: str, record: dict[str, object]) -> None:
        self._connection.request("POST", f"/livedash/rooms/{room}/records", json.dumps(record), self._headers)
        self._connection.getresponse().read()

    def status(self) -> dict[str, int]:
        self._connection.request("GET", "/livedash/status", headers=self._headers)
        slow: dict[str, int] = json.loads(self._connection.getresponse().read())["slow_viewers"]
        return slow

    def run(self, rate_hz: float, seconds: float) -> int:
        begun, count = time.monotonic(), round(rate_hz * seconds)
        for number in range(count):
            time.sleep(max(0.0, begun + number / rate_hz - time.monotonic()))
            self.post(ROOM, {"n": number, "sent_ns": time.monotonic_ns(), "text": RECORD_TEXT})
        return count


@contextlib.contextmanager
def frozen_readers(hub: ServeProcess, count: int) -> Iterator[None]:
    """They ask for the heavy room from its beginning and for the others' room, with the smallest receive buffer there is."""
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    head = f"GET /livedash/ws HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {hub.token}\r\nUpgrade: websocket\r\n"
    asked = f"{head}Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n{key}\r\n\r\n".encode()
    for room, since in ((HEAVY, "earliest"), (ROOM, "now")):
        text = json.dumps({"op": "subscribe", "room": room, "since": since}).encode()
        asked += bytes((0x81, 0x80 | len(text))) + b"\0\0\0\0" + text
    with contextlib.ExitStack() as entered:
        for _ in range(count):
            peer = entered.enter_context(socket.socket())
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            peer.connect(("127.0.0.1", hub.port))
            peer.sendall(asked)
        time.sleep(SETTLE_S)
        yield
    time.sleep(SETTLE_S)


@dataclass(frozen=True, slots=True)
class Round:
    p50_ms: float
    p99_ms: float
    waiting_bytes: int
    rss_bytes: int
    cpu_us: float  # of the hub, a delivery
    faults: int


def measured(
    hub: ServeProcess, crowd: CrowdProcess, publisher: Publisher, viewers: int, given: argparse.Namespace
) -> Round:
    crowd.begin()
    process = psutil.Process(hub.process.pid)
    cpu_before_s = sum(process.cpu_times()[:2])
    count = publisher.run(given.rate, given.seconds)
    slow = publisher.status()
    deadline_s = time.monotonic() + DELIVERED_LIMIT_S
    while len((figures := crowd.figures()).latencies_ns) < count * viewers and time.monotonic() < deadline_s:
        time.sleep(SETTLE_S / 2)
    cpu_us = (sum(process.cpu_times()[:2]) - cpu_before_s) / (count * viewers) * 1e6
    rss_bytes = process.memory_info().rss
    cuts = statistics.quantiles(figures.latencies_ns, n=100)
    counts = Counter(figures.gaps)
    counts.update(missing=count * viewers - len(figures.latencies_ns), refused=figures.refused)
    counts.update(holes=figures.holes, doubles=figures.doubles)
    faults = {name: number for name, number in counts.items() if number}
    if faults:
        print(faults)
    return Round(cuts[49] / 1e6, cuts[98] / 1e6, slow["waiting_bytes"], rss_bytes, cpu_us, len(faults))


def told(name: str, rounds: list[Round]) -> str:
    p50, p99 = (statistics.median(getattr(each, what) for each in rounds) for what in ("p50_ms", "p99_ms"))
    low, high = min(each.p99_ms for each in rounds), max(each.p99_ms for each in rounds)
    waiting, rss = max(each.waiting_bytes for each in rounds), max(each.rss_bytes for each in rounds)
    return (
        f"{name:<14}{p50:>9.2f}{p99:>9.2f}{low:>10.2f} - {high:.2f}{waiting / 2**20:>10.1f}{rss / 2**20:>9.0f}"
        f"{statistics.median(each.cpu_us for each in rounds):>9.1f}{sum(each.faults for each in rounds):>8}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=1000)
    parser.add_argument("--frozen", type=int, default=5)
    parser.add_argument("--rate", type=float, default=10.0, help="records a second")
    parser.add_argument("--seconds", type=float, default=2.0, help="of a round")
    parser.add_argument("--rounds", type=int, default=25, help="of each kind")
    given = parser.parse_args()
    raise_open_files()
    without: list[Round] = []
    with_frozen: list[Round] = []
    with tempfile.TemporaryDirectory() as folder, ServeProcess(Path(folder)) as hub:
        publisher = Publisher(hub)
        for number in range(HEAVY_RECORDS):
            publisher.post(HEAVY, {"n": number, "text": HEAVY_TEXT})
        with CrowdProcess(hub.port, hub.token, given.viewers) as crowd:
            publisher.run(given.rate, 2.0)  # warm
            time.sleep(4 * SETTLE_S)
            for number in range(given.rounds):
                kinds = (False, True) if number % 2 == 0 else (True, False)
                for is_frozen in kinds:
                    with frozen_readers(hub, given.frozen if is_frozen else 0):
                        rounds = with_frozen if is_frozen else without
                        rounds.append(measured(hub, crowd, publisher, given.viewers, given))
            steps = publisher.status()
    print(
        f"{given.viewers} viewers, {given.rate:g} records/s, {given.rounds} rounds of {given.seconds:g} s each, "
        f"{os.cpu_count()} cores"
    )
    print(
        f"{'':<14}{'p50 ms':>9}{'p99 ms':>9}{'p99 range':>17}{'held MiB':>10}{'RSS MiB':>9}{'CPU us':>9}{'faults':>8}"
    )
    print(told("none frozen", without))
    print(told(f"{given.frozen} frozen", with_frozen))
    ratios = [after.p99_ms / before.p99_ms for before, after in zip(without, with_frozen, strict=True)]
    p99 = statistics.median(each.p99_ms for each in with_frozen) / statistics.median(each.p99_ms for each in without)
    print(f"p99 with / without: {p99:.3f} of the medians, {statistics.median(ratios):.3f} the median of the pairs")
    print(f"steps: {steps}")
    return 1 if any(each.faults for each in (*without, *with_frozen)) else 0


if __name__ == "__main__":
    sys.exit(main())
