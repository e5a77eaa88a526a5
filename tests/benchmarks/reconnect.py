"""What a restart of the hub costs 5,000 viewers. `python tests/benchmarks/reconnect.py [--data-dir]`

The hub is stopped by SIGTERM (or SIGKILL) and started again on its port while a publisher goes on; told are how evenly the
viewers come back, and when each one has every record again, from the signal on.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # its neighbours, when it is run as a script

from tests.end_to_end.crowd import CrowdProcess, Figures, raise_open_files
from tests.end_to_end.serve import ServeProcess

PUBLISH = """
import sys, time
import livedash as ld
begun, n = time.monotonic(), 0
while True:
    n += 1
    ld.push("bench", n=n, sent_ns=time.monotonic_ns())
    time.sleep(max(0.0, begun + n / float(sys.argv[1]) - time.monotonic()))
"""
WARM_S = 3.0
POLL_S = 0.2
CONSISTENT_LIMIT_S = 90.0
BIN_MS = 250


@contextlib.contextmanager
def publisher(hub: ServeProcess, rate_hz: float) -> Iterator[None]:
    environment = {**os.environ, **hub.environment}
    running = subprocess.Popen([sys.executable, "-c", PUBLISH, str(rate_hz)], env=environment)
    yield
    running.kill()
    running.wait()


def seconds_after(signal_ns: int, moments_ns: list[int]) -> list[float]:
    return sorted((moment_ns - signal_ns) / 1e9 for moment_ns in moments_ns)


def binned(moments_s: list[float], bin_ms: int) -> list[int]:
    bins = Counter(int(at_s * 1000) // bin_ms for at_s in moments_s)
    return [bins[number] for number in range(min(bins), max(bins) + 1)]


def evenness(moments_s: list[float], bin_ms: int) -> float:
    """Of the bins but the first and the last one, which are not whole."""
    bins = binned(moments_s, bin_ms)
    whole = bins[1:-1] or bins
    return max(whole) / statistics.mean(whole)


def told(signal_ns: int, all_figures: list[Figures], viewers: int) -> bool:
    connected = seconds_after(signal_ns, [at for figures in all_figures for at in figures.connected_ns])
    consistent = seconds_after(signal_ns, [at for figures in all_figures for at in figures.consistent_ns])
    print(
        f"first back {connected[0]:.2f} s, last {connected[-1]:.2f} s; accepted by {BIN_MS} ms: {binned(connected, BIN_MS)}"
    )
    print(
        "evenness, most over mean: " + ", ".join(f"{evenness(connected, ms):.2f} by {ms} ms" for ms in (BIN_MS, 1000))
    )
    cuts = statistics.quantiles(consistent, n=100)
    print(
        f"consistent after: p50 {cuts[49]:.2f} s, p99 {cuts[98]:.2f} s, last {consistent[-1]:.2f} s, of {len(consistent)}"
    )
    faults = {name: sum(getattr(each, name) for each in all_figures) for name in ("holes", "doubles", "refused")}
    gaps = sum((Counter(each.gaps) for each in all_figures), Counter[str]())
    codes = sum((Counter(each.codes) for each in all_figures), Counter[str]())
    print(f"{faults}; gaps {dict(gaps)}; close codes {dict(codes)}", flush=True)
    return len(consistent) == viewers and not (faults["holes"] or faults["doubles"] or gaps)


def restarted(hub: ServeProcess, crowds: list[CrowdProcess], viewers: int, *, is_killed: bool) -> bool:
    for crowd in crowds:
        crowd.begin()
    signal_ns = time.monotonic_ns()
    (hub.kill if is_killed else hub.stop)()
    ended_s = (time.monotonic_ns() - signal_ns) / 1e9
    hub.start()
    print(
        f"the hub had ended after {ended_s:.2f} s, and answered again after {(time.monotonic_ns() - signal_ns) / 1e9:.2f} s"
    )
    deadline_s = time.monotonic() + CONSISTENT_LIMIT_S
    while sum(crowd.consistent() for crowd in crowds) < viewers and time.monotonic() < deadline_s:
        time.sleep(POLL_S)
    return told(signal_ns, [crowd.figures() for crowd in crowds], viewers)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=5000)
    parser.add_argument("--processes", type=int, default=2, help="that the viewers are in")
    parser.add_argument("--rate", type=float, default=4.0, help="records a second")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data-dir", action="store_true", help="the hub keeps its rooms on disk")
    parser.add_argument("--kill", action="store_true", help="SIGKILL instead of SIGTERM")
    given = parser.parse_args()
    raise_open_files()
    each = given.viewers // given.processes
    print(f"{each * given.processes} viewers, {given.rate:g} records/s, {os.cpu_count()} cores")
    is_right = True
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as entered:
        arguments = ["--data-dir", str(Path(folder) / "rooms")] if given.data_dir else []
        hub = entered.enter_context(ServeProcess(Path(folder), arguments=arguments))
        entered.enter_context(publisher(hub, given.rate))
        crowds = [entered.enter_context(CrowdProcess(hub.port, hub.token, each)) for _ in range(given.processes)]
        for _ in range(given.rounds):
            time.sleep(WARM_S)
            is_right = restarted(hub, crowds, each * given.processes, is_killed=given.kill) and is_right
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
