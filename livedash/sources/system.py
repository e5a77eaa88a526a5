"""This machine's CPU, memory, disk and network, by psutil."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livedash.client.push import push
from livedash.clock import monotonic_s
from livedash.sharing.duration import duration_s
from livedash.sources.function import FunctionSource, start

_MB = 1e6
_GB = 1e9


def system(room: str = "system", every: str | float = "1s") -> FunctionSource:
    """Percentages of CPU, memory and disk, GB of memory, and MB/s of disk and network, once a period."""
    return start(push, SystemReader().read, room, duration_s(every), "system")


class SystemReader:
    """Rates are differences between two reads: the first read has none yet, and leaves them out."""

    def __init__(self, now_s: Callable[[], float] = monotonic_s) -> None:
        self._now_s = now_s
        self._before: tuple[float, dict[str, float]] | None = None

    def read(self) -> dict[str, Any]:
        import psutil

        memory = psutil.virtual_memory()
        record: dict[str, Any] = {
            "cpu_percent": psutil.cpu_percent(),
            "memory_percent": memory.percent,
            "disk_percent": psutil.disk_usage("/").percent,
            "memory_gb": round(memory.used / _GB, 3),
        }
        return record | self._rates(_counters())

    def _rates(self, counters: dict[str, float]) -> dict[str, float]:
        now_s, before = self._now_s(), self._before
        self._before = (now_s, counters)
        if before is None or now_s <= before[0]:
            return {}
        elapsed_s = now_s - before[0]
        return {name: round((value - before[1].get(name, value)) / elapsed_s / _MB, 4) for name, value in counters.items()}


def _counters() -> dict[str, float]:
    """Bytes so far. Some containers show no disk counters."""
    import psutil

    network, disk = psutil.net_io_counters(), psutil.disk_io_counters()
    counters: dict[str, float] = {"net_in_mb_s": network.bytes_recv, "net_out_mb_s": network.bytes_sent}
    if disk is not None:
        counters |= {"disk_read_mb_s": disk.read_bytes, "disk_write_mb_s": disk.write_bytes}
    return counters
