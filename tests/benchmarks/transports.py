"""What each transport costs: latency, the server's CPU and the bytes on the wire; `python -m tests.benchmarks.transports`.

A fresh `livedash serve` for each case, a publisher in a second process, all viewers but one in a third, which only count. The
one that takes the records apart, in this process, connects when half of the others have: a viewer in the middle. All is on
127.0.0.1, so all have one clock. Figures are medians over the rounds, with the least and the greatest where it matters.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.raw_readers import READERS, Counts, read
from tests.end_to_end.serve import ServeProcess

ROOM = "bench"
CASES = tuple(READERS)
IDLE_CASES = ("websocket msgpack columns", "sse columns", "longpoll columns")
SETTLE_S = 1.0  # until what was begun is over: handshakes, the first records
MOST_RECORDS_HZ = 100_000
PERCENT = 100.0
SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Load:
    records_hz: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One round of one case. The counts are of the viewer in the middle."""

    latencies_ms: list[float]
    cpu_us: float  # of the server, while `seconds` passed
    seconds: float
    counts: Counts

    @property
    def records(self) -> int:
        return len(self.latencies_ms)


def publish(url: str, token: str, load: Load, bell: Connection) -> None:
    """In a process of its own, until the other side says so."""
    os.environ |= {"LIVEDASH_URL": url, "LIVEDASH_TOKEN": token}
    import livedash as ld

    pushed, began_s = 0, time.perf_counter()
    while not bell.poll():
        due = int((time.perf_counter() - began_s) * min(load.records_hz, MOST_RECORDS_HZ))
        for step in range(pushed + 1, due + 1):
            ld.push(ROOM, step=step, loss=1 / step, accuracy=1 - 1 / step, rate=1e-3, sent=time.time())
        pushed = due
        time.sleep(0.001)
    ld.flush(10)


def count(port: int, token: str, case: str, bell: Connection) -> None:
    """In a process of its own: connects as many viewers as it is told, and tells what all have read since it last did."""
    asyncio.run(_count(port, token, case, bell))


async def _count(port: int, token: str, case: str, bell: Connection) -> None:
    counts = Counts()
    reading: list[asyncio.Task[None]] = []
    while (number := await asyncio.to_thread(bell.recv)) is not None:
        began = [asyncio.Event() for _ in range(number)]
        reading += [asyncio.create_task(read(case, port, token, ROOM, counts, begun=event)) for event in began]
        for event in began:
            await event.wait()
        bell.send(counts)
        counts.clear()
    for task in reading:
        task.cancel()


class Crowd:
    """The viewers that only count."""

    def __init__(self, serve: ServeProcess, case: str) -> None:
        self._bell, other = SPAWN.Pipe()
        self._process = SPAWN.Process(target=count, args=(serve.port, serve.token, case, other), daemon=True)
        self._process.start()

    def connect(self, number: int) -> Counts:
        """Returns once they are there, with what all have read since the last call."""
        self._bell.send(number)
        counts: Counts = self._bell.recv()
        return counts

    def leave(self) -> None:
        self._bell.send(None)
        self._process.join(10)


class Publisher:
    def __init__(self, serve: ServeProcess, load: Load) -> None:
        self._bell, other = SPAWN.Pipe()
        self._process = SPAWN.Process(target=publish, args=(serve.url, serve.token, load, other), daemon=True)
        self._process.start()

    def stop(self) -> None:
        self._bell.send(None)
        self._process.join(20)


def cpu_us(pid: int) -> float:
    """Of all threads of a process, by its CPU clock where there is one (Linux): psutil counts in steps of 10 ms."""
    try:
        return time.clock_gettime_ns(~pid << 3 | 2) / 1000  # clock_getcpuclockid(3)
    except (AttributeError, OSError):
        times = psutil.Process(pid).cpu_times()
        return (times.user + times.system) * 1e6


Work = Callable[[ServeProcess, Crowd], Coroutine[Any, Any, Any]]


def with_server(case: str, work: Work) -> Any:
    with tempfile.TemporaryDirectory() as folder, ServeProcess(Path(folder)) as serve:
        crowd = Crowd(serve, case)
        try:
            return asyncio.run(work(serve, crowd))
        finally:
            crowd.leave()


def measure(case: str, viewers: int, load: Load) -> Measured:
    """`viewers` 0: what publishing alone costs."""

    async def work(serve: ServeProcess, crowd: Crowd) -> Measured:
        latencies_ms: list[float] = []
        counts, begun, came = Counts(), asyncio.Event(), asyncio.Event()

        def take(sent: list[float]) -> None:
            now_s = time.time()
            latencies_ms.extend((now_s - each) * 1000 for each in sent)
            if sent:
                came.set()

        await asyncio.to_thread(crowd.connect, (viewers - 1) // 2 if viewers else 0)
        reading = asyncio.create_task(read(case, serve.port, serve.token, ROOM, counts, begun=begun, take=take))
        if viewers:
            await begun.wait()
            await asyncio.to_thread(crowd.connect, viewers - 1 - (viewers - 1) // 2)
        else:
            reading.cancel()
        publisher = await asyncio.to_thread(Publisher, serve, load)
        if viewers:
            await came.wait()
        await asyncio.sleep(SETTLE_S)
        latencies_ms.clear()
        counts.clear()
        before_us, before_s = cpu_us(serve.process.pid), time.monotonic()
        await asyncio.sleep(load.seconds)
        taken_us, taken_s = cpu_us(serve.process.pid) - before_us, time.monotonic() - before_s
        measured = Measured(list(latencies_ms), taken_us, taken_s, Counts(**counts.fields()))
        reading.cancel()
        await asyncio.to_thread(publisher.stop)
        return measured

    measured: Measured = with_server(case, work)
    return measured


def measure_idle(case: str, viewers: int, seconds: float) -> tuple[float, float, float, float]:
    """Of a connection on which nothing comes: the server's memory (KiB) and CPU (µs a minute), bytes and requests a minute."""

    async def work(serve: ServeProcess, crowd: Crowd) -> tuple[float, float, float, float]:
        server = psutil.Process(serve.process.pid)
        await asyncio.to_thread(crowd.connect, 5)  # what is made once, for all
        await asyncio.sleep(SETTLE_S)
        alone = server.memory_info().rss
        await asyncio.to_thread(crowd.connect, viewers)
        await asyncio.sleep(SETTLE_S)
        await asyncio.to_thread(crowd.connect, 0)
        before_us = cpu_us(server.pid)
        await asyncio.sleep(seconds)
        counts = await asyncio.to_thread(crowd.connect, 0)
        kib = (server.memory_info().rss - alone) / viewers / 1024
        a_minute = 60 / seconds / (viewers + 5)
        taken_us = cpu_us(server.pid) - before_us
        return kib, taken_us * a_minute, (counts.received + counts.sent) * a_minute, counts.requests * a_minute

    measured: tuple[float, float, float, float] = with_server(case, work)
    return measured


def spread(values: list[float], digits: int = 0) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    if low <= 0:
        return "too little"  # what else the machine did was more
    return f"{middle:,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})"


def percentile(latencies_ms: list[float], percent: int) -> float:
    return statistics.quantiles(latencies_ms, n=100)[percent - 1]


def row(case: str, viewers: int, rounds: list[Measured], bare: list[Measured]) -> str:
    """A message's and a record's CPU is what the server takes above publishing alone, in the same round."""
    own_us = [
        each.cpu_us - alone.cpu_us / alone.seconds * each.seconds for each, alone in zip(rounds, bare, strict=True)
    ]
    cells = [
        case,
        str(viewers),
        spread([percentile(each.latencies_ms, 50) for each in rounds], 1),
        spread([percentile(each.latencies_ms, 99) for each in rounds], 1),
        f"{statistics.median(each.cpu_us / each.seconds / 1e6 * PERCENT for each in rounds):.0f} %",
        spread([us / (each.counts.messages * viewers) for us, each in zip(own_us, rounds, strict=True)]),
        spread([us / (each.records * viewers) for us, each in zip(own_us, rounds, strict=True)], 1),
        f"{statistics.median((each.counts.received + each.counts.sent) / each.records for each in rounds):.0f}",
        f"{statistics.median(each.counts.messages / each.seconds for each in rounds):.0f}",
        f"{statistics.median(each.counts.requests / each.seconds * 60 for each in rounds):,.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


def table_of_load(viewers: list[int], rounds: int, load: Load, cases: list[str]) -> None:
    bare: list[Measured] = []
    found: dict[tuple[str, int], list[Measured]] = {(case, number): [] for case in cases for number in viewers}
    for _ in range(rounds):  # rounds outside: what else the machine does is shared by all
        bare.append(measure(CASES[0], 0, load))
        for (case, number), measured in found.items():
            measured.append(measure(case, number, load))
    alone = spread([each.cpu_us / each.seconds / 1e6 * PERCENT for each in bare], 1)
    print(f"{load.records_hz:,} records/s of 5 scalars; {rounds} rounds of {load.seconds:g} s: median (least–greatest)")
    print(f"publishing alone, without a viewer: {alone} % of a CPU\n")
    heads = ["transport", "viewers", "p50 ms", "p99 ms", "server's CPU", "µs a message", "µs a record"]
    heads += ["bytes a record", "messages/s", "requests/min"]
    print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    for (case, number), measured in found.items():
        print(row(case, number, measured, bare), flush=True)


def table_of_idle(viewers: int, seconds: float) -> None:
    print(f"\n{viewers} connections on which nothing comes, {seconds:g} s; of each:\n")
    heads = ["transport", "server's memory KiB", "server's CPU ms/min", "bytes/min", "requests/min"]
    print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    for case in IDLE_CASES:
        kib, taken_us, wire, requests = measure_idle(case, viewers, seconds)
        print(f"| {case} | {kib:.0f} | {taken_us / 1000:.1f} | {wire:,.0f} | {requests:.1f} |", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, nargs="+", default=[1, 200], help="how many at once (1 200)")
    parser.add_argument("--records-hz", type=int, default=1000, help="records a second (1000)")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each round (6)")
    parser.add_argument("--rounds", type=int, default=3, help="of each case (3)")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--idle-seconds", type=float, default=60.0, help="0 leaves the idle connections out (60)")
    options = parser.parse_args()
    load = Load(options.records_hz, options.seconds)
    table_of_load(options.viewers, options.rounds, load, options.cases)
    if options.idle_seconds:
        table_of_idle(max(options.viewers), options.idle_seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
