"""How long `push` keeps its caller: CPU and wall time per push. `python tests/benchmarks/push.py`; numbers of one run only.

The hub is in this process or, with LIVEDASH_URL set, elsewhere. Each figure is the median of several rounds.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import livedash as ld

ROUNDS = 7
PUSHES = 20_000
PACED_HZ = 1000
PACED_S = 3.0


def five_scalars() -> Callable[[int], None]:
    push = ld.push

    def once(step: int) -> None:
        push("bench.scalars", step=step, loss=0.25, accuracy=0.5, rate=1e-3, seconds=1.5)

    return once


def mapping() -> Callable[[int], None]:
    def once(step: int) -> None:
        ld.push("bench.mapping", {"step": step, "loss": 0.25, "accuracy": 0.5, "rate": 1e-3, "seconds": 1.5})

    return once


def with_text() -> Callable[[int], None]:
    def once(step: int) -> None:
        ld.push("bench.text", step=step, loss=0.25, phase="train")

    return once


def nothing() -> Callable[[int], None]:
    def once(step: int, **fields: float) -> None:
        fields["step"] = step

    return once


def tight(once: Callable[[int], None]) -> tuple[float, float]:
    """(µs of this thread's CPU, µs of wall time) per push, one after the other; the buffer is empty before each round."""
    cpu, wall = [], []
    for _ in range(ROUNDS):
        ld.flush(30)
        time.sleep(0.05)
        begun, begun_cpu = time.perf_counter_ns(), time.thread_time_ns()
        for step in range(PUSHES):
            once(step)
        cpu.append((time.thread_time_ns() - begun_cpu) / PUSHES / 1000)
        wall.append((time.perf_counter_ns() - begun) / PUSHES / 1000)
    return statistics.median(cpu), statistics.median(wall)


def paced(once: Callable[[int], None]) -> tuple[float, float]:
    """(p50, p99) µs of wall time of a push at 1 kHz, caches cold."""
    taken = []
    next_s = time.perf_counter()
    for step in range(int(PACED_HZ * PACED_S)):
        next_s += 1 / PACED_HZ
        time.sleep(max(0.0, next_s - time.perf_counter()))
        begun = time.perf_counter_ns()
        once(step)
        taken.append((time.perf_counter_ns() - begun) / 1000)
    cuts = statistics.quantiles(taken, n=100)
    return cuts[49], cuts[98]


def main() -> int:
    sys.stdout.write(f"{'push':<24}{'cpu us':>9}{'wall us':>9}{'paced p50':>11}{'p99 us':>9}\n")
    for name, make in (
        ("no push", nothing),
        ("5 scalar fields", five_scalars),
        ("a mapping of 5", mapping),
        ("2 scalars and a text", with_text),
    ):
        once = make()
        once(0)
        cpu, wall = tight(once)
        middle, high = paced(once)
        sys.stdout.write(f"{name:<24}{cpu:>9.2f}{wall:>9.2f}{middle:>11.2f}{high:>9.2f}\n")
    ld.flush(30)
    lost = ld.status().dropped
    sys.stdout.write(f"{ld.status()}\n")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
