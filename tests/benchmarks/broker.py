"""What a broker adds: records a second from a publisher at one hub to a viewer at the other, and the time it takes.

`python -m tests.benchmarks.broker` starts a Redis, or takes the `--broker` that it is told of, and two servers; without a
broker the same publisher and viewer are at one server. The publisher speaks the WebSocket protocol, with batches of 1, 16
and 1,000 records of five numbers and as many unanswered ones as our own sender has. Figures are medians over the rounds,
with the least and the greatest.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import psutil
from websockets.asyncio.client import ClientConnection, connect

from livedash import limits
from livedash.wire.batch import Batch
from livedash.wire.codec import MSGPACK
from livedash.wire.messages import Publish
from tests.brokers.redis_server import Flavour, Persistence, RedisServer
from tests.end_to_end.serve import ServeProcess

BATCHES = (1, 16, 1000)
QUIET_HZ = 100
ARRIVAL_TURNS = 6000
WINDOW = limits.PUBLISHER_IN_FLIGHT
LEAD = 4 * WINDOW  # batches


@dataclass(frozen=True, slots=True)
class Round:
    """`late_ms`: of each message at a quiet rate, from the send to the other side's receipt."""

    records_hz: float
    batches_hz: float
    hub_us: float  # CPU of both hubs a batch
    late_ms: list[float]


def socket_of(hub: ServeProcess) -> Any:
    headers = {"Authorization": f"Bearer {hub.token}"}
    url = hub.url.replace("http", "ws", 1) + "ws"
    return connect(
        url, additional_headers=headers, subprotocols=["livedash.v1.msgpack"], max_size=None, compression=None
    )


def message(room: str, records: int, seq: int) -> bytes:
    now = time.time()
    rows = [{"t": now, "a": 1.5, "b": 2.5, "c": 3.5, "n": number} for number in range(records)]
    fields = MSGPACK.batch_fields(Batch.from_records(rows, [0] * records), "columns")
    return MSGPACK.encode_from_client(Publish(room, id=seq, publisher=room, seq=seq, **fields))


async def publish(
    line: ClientConnection, room: str, records: int, seconds: float, hz: float | None, counts: list[int]
) -> int:
    """As fast as answers come and the viewer, which has seen `counts`, keeps up; or `hz` batches a second. How many."""
    unanswered = asyncio.Semaphore(WINDOW)

    async def take_answers() -> None:
        async for _ in line:
            unanswered.release()

    answers = asyncio.ensure_future(take_answers())
    begin, sent = time.perf_counter(), 0
    while time.perf_counter() < begin + seconds:
        await unanswered.acquire()
        for _ in range(ARRIVAL_TURNS):
            if sent - len(counts) <= LEAD:
                break
            await asyncio.sleep(0.001)
        sent += 1
        await line.send(message(room, records, sent))
        if hz is not None:
            await asyncio.sleep(max(0.0, begin + sent / hz - time.perf_counter()))
    for _ in range(WINDOW):
        await asyncio.wait_for(unanswered.acquire(), 30)
    answers.cancel()
    return sent


async def view(line: ClientConnection, room: str, late_ms: list[float], counts: list[int]) -> None:
    await line.send(msgspec.msgpack.encode({"op": "subscribe", "room": room, "shape": "columns"}))
    async for data in line:
        told = msgspec.msgpack.decode(data)
        if told["op"] == "columns":
            (pushed,) = memoryview(told["columns"]["t"]["values"]).cast("d")[-1:]
            late_ms.append((time.time() - pushed) * 1000)
            counts.append(told["count"])


def cpu_s(hubs: list[ServeProcess]) -> float:
    times = [psutil.Process(hub.process.pid).cpu_times() for hub in hubs]
    return sum(each.user + each.system for each in times)


async def one_round(at: ServeProcess, seen_at: ServeProcess, records: int, seconds: float, number: int) -> Round:
    hubs = list({id(hub): hub for hub in (at, seen_at)}.values())
    results: list[Any] = []
    for hz in (None, QUIET_HZ):
        room = f"bench{number}-{records}-{'quiet' if hz else 'fast'}"
        late_ms: list[float] = []
        counts: list[int] = []
        async with socket_of(at) as publisher, socket_of(seen_at) as viewer:
            viewing = asyncio.ensure_future(view(viewer, room, late_ms, counts))
            await asyncio.sleep(0.2)
            before, begin = cpu_s(hubs), time.perf_counter()
            sent = await publish(publisher, room, records, seconds, hz, counts)
            for _ in range(ARRIVAL_TURNS):
                if sum(counts) >= sent * records:
                    break
                await asyncio.sleep(0.005)
            took = time.perf_counter() - begin
            results.append((sent, took, cpu_s(hubs) - before, late_ms))
            viewing.cancel()
            await asyncio.gather(viewing, return_exceptions=True)
    (sent, took, cpu, _), (_, _, _, late_ms) = results
    return Round(sent * records / took, sent / took, cpu / sent * 1e6, late_ms)


@contextlib.contextmanager
def pairs(folder: Path, flavour: Flavour, broker: str | None) -> Iterator[dict[str, tuple[ServeProcess, ServeProcess]]]:
    with contextlib.ExitStack() as stack:
        name, url = "the broker", broker
        if url is None:
            redis = stack.enter_context(RedisServer(folder / "redis", flavour=flavour, persistence=Persistence.NONE))
            name, url = flavour.name.lower(), redis.url
        alone = stack.enter_context(ServeProcess(folder / "alone"))
        both = [
            stack.enter_context(ServeProcess(folder / side, arguments=["--broker", url])) for side in ("one", "other")
        ]
        yield {"one hub, no broker": (alone, alone), f"two hubs, {name}": (both[0], both[1])}


def told(values: list[float], digits: int = 0) -> str:
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--flavour", choices=[each.name.lower() for each in Flavour], default="redis")
    parser.add_argument("--broker", help="URL of one that runs already")
    asked = parser.parse_args()
    print("| what | records a batch | records/s | batches/s | hubs' CPU a batch, us | p50 ms | p99 ms |")
    print("|---|---|---|---|---|---|---|")
    with (
        tempfile.TemporaryDirectory() as folder,
        pairs(Path(folder), Flavour[asked.flavour.upper()], asked.broker) as found,
    ):
        for records in BATCHES:
            for name, (at, seen_at) in found.items():
                rounds = [
                    asyncio.run(one_round(at, seen_at, records, asked.seconds, number))
                    for number in range(asked.rounds)
                ]
                cells = [
                    told([each.records_hz for each in rounds]),
                    told([each.batches_hz for each in rounds]),
                    told([each.hub_us for each in rounds]),
                    told([percentile(each.late_ms, 0.5) for each in rounds], 2),
                    told([percentile(each.late_ms, 0.99) for each in rounds], 2),
                ]
                print(f"| {name} | {records:,} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
