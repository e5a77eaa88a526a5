"""How many hubs so many viewers take, what is full first, and how a rack's viewers come back.

`python -m tests.benchmarks.scaling`. On paper: a hub is what was measured of one (docs/explanation/transports.md and
slow-viewers.md), a crowd is a queue at each hub. Nothing of it was tried at this size.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
from dataclasses import dataclass

from livedash import limits

KIB = 1024.0
GIB = 1024.0**3


@dataclass(frozen=True, slots=True)
class Hub:
    """Of one core. `message_us`: CPU for a message to a viewer; `take_us`: for a batch that comes from the broker."""

    message_us: float = 40.0
    take_us: float = 110.0
    viewer_kib: float = 24.0
    handshake_us: float = 750.0
    busy: float = 0.6  # of the core, so that a neighbour's viewers find room
    connections: int = limits.CONNECTIONS


@dataclass(frozen=True, slots=True)
class Load:
    """`messages_hz`: what one viewer gets; `batches_hz`: what all publishers write, each batch to every hub."""

    viewers: int
    messages_hz: float
    batches_hz: float
    batch_kib: float = 4.0


@dataclass(frozen=True, slots=True)
class Need:
    hubs: int
    full_first: str
    gib_a_hub: float
    broker_gbit_s: float


def need(load: Load, hub: Hub) -> Need:
    """Raises ValueError where no number of hubs does: what each must take fills it."""
    taking = load.batches_hz * hub.take_us / 1e6
    left = hub.busy - taking
    if left <= 0:
        raise ValueError(
            f"{load.batches_hz:,.0f} batches/s fill a hub before it has a viewer: split the rooms among brokers"
        )
    by_cpu = load.viewers * load.messages_hz * hub.message_us / 1e6 / left
    by_connections = load.viewers / hub.connections
    hubs = math.ceil(max(by_cpu, by_connections, 1))
    full_first = "CPU" if by_cpu >= by_connections else "connections"
    gib = load.viewers / hubs * hub.viewer_kib * KIB / GIB + limits.HUB_HISTORY_BYTES / GIB
    return Need(hubs, full_first, gib, load.batches_hz * load.batch_kib * KIB * 8 * hubs / 1e9)


def come_back(viewers: int, hubs: int, hub: Hub, *, is_drained: bool, seed: int = 1) -> tuple[float, float]:
    """Seconds until half, and until 99 % of the viewers of a rack that went are with the hubs that are left.

    A drained rack gave each viewer its slot; a dead one leaves them to their backoff with full jitter.
    """
    source = random.Random(seed)
    slots_hz = limits.RECONNECTS_HZ * hubs
    waits = (
        (source.uniform(0, max(viewers / slots_hz, 1.0)) for _ in range(viewers))
        if is_drained
        else (source.uniform(0, 1.0) + source.uniform(0, 0.5) for _ in range(viewers))
    )
    free = [0.0] * hubs
    done = []
    for at in sorted(waits):
        begin = max(at, heapq.heappop(free))
        end = begin + hub.handshake_us / 1e6 / (1 - hub.busy)
        heapq.heappush(free, end)
        done.append(end)
    return done[len(done) // 2], done[int(len(done) * 0.99)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages-hz", type=float, default=2.0)
    parser.add_argument("--batches-hz", type=float, default=500.0)
    asked = parser.parse_args()
    hub = Hub()
    print("| viewers | hubs (cores) | full first | GiB a hub | from the broker, Gbit/s |")
    print("|---|---|---|---|---|")
    for viewers in (10_000, 1_000_000, 100_000_000):
        found = need(Load(viewers, asked.messages_hz, asked.batches_hz), hub)
        cells = (
            f"{viewers:,}",
            f"{found.hubs:,}",
            found.full_first,
            f"{found.gib_a_hub:.1f}",
            f"{found.broker_gbit_s:,.1f}",
        )
        print(f"| {' | '.join(cells)} |")
    print()
    print("| a rack of 40 hubs goes, its 400,000 viewers come to | half back, s | 99 % back, s |")
    print("|---|---|---|")
    for hubs in (60, 200):
        for is_drained in (True, False):
            half_s, most_s = come_back(400_000, hubs, hub, is_drained=is_drained)
            print(f"| {hubs} hubs, {'drained' if is_drained else 'dead'} | {half_s:.1f} | {most_s:.1f} |")


if __name__ == "__main__":
    main()
