"""This machine's CPU, memory, disk and network, by psutil."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from livedash.client.process import PROCESS
from livedash.clock import monotonic_s, sleep_s
from livedash.sharing.duration import duration_s
from livedash.sources.function import FunctionSource, start
from livedash.wire.names import checked_room

_MB: Final = 1e6
_GB: Final = 1e9
_FIRST_LOOK_S: Final = 0.1  # rates need two looks: the first record comes after so long, and has all its fields


def system(room: str = "system", every: str | float = "1s", *, per_core: bool = False) -> FunctionSource:
    """Percentages of CPU, memory and disk, GB of memory, and MB/s of disk and network, once a period.

    `per_core` adds a field for each core: cpu0_percent, cpu1_percent, …
    """
    reader = SystemReader(per_core=per_core)
    name, every_s, publisher = checked_room(room), duration_s(every), PROCESS.publisher
    return start(publisher.push, publisher.tell_failing, reader.read, name, every_s, "system")


class SystemReader:
    """Rates and CPU percentages are of the time since the last read."""

    def __init__(
        self,
        *,
        per_core: bool = False,
        now_s: Callable[[], float] = monotonic_s,
        wait: Callable[[float], None] = sleep_s,
    ) -> None:
        self._per_core = per_core
        self._now_s = now_s
        self._wait = wait
        self._before: tuple[float, dict[str, float]] | None = None

    def read(self) -> dict[str, Any]:
        """One record. The first read takes a moment to look twice."""
        if self._before is None:
            self._look()
            self._wait(_FIRST_LOOK_S)
        return self._look()

    def _look(self) -> dict[str, Any]:
        import psutil

        cores = psutil.cpu_percent(percpu=True)
        memory = psutil.virtual_memory()
        record: dict[str, Any] = {
            "cpu_percent": round(sum(cores) / len(cores), 1),
            "memory_percent": memory.percent,
            "disk_percent": psutil.disk_usage("/").percent,
            "memory_gb": round(memory.used / _GB, 3),
        }
        if self._per_core:
            record |= {f"cpu{number}_percent": percent for number, percent in enumerate(cores)}
        return record | self._rates(counters())

    def _rates(self, read: dict[str, float]) -> dict[str, float]:
        now_s, before = self._now_s(), self._before
        self._before = (now_s, read)
        if before is None:
            return {}
        elapsed_s = max(now_s - before[0], 1e-9)
        return {name: round((value - before[1].get(name, value)) / elapsed_s / _MB, 4) for name, value in read.items()}


def counters() -> dict[str, float]:
    """Bytes since the machine started, by the name of the rate. Some containers show neither disk nor network."""
    import psutil

    network, disk = psutil.net_io_counters(), psutil.disk_io_counters()
    read: dict[str, float] = {}
    if network is not None:
        read |= {"net_in_mb_s": network.bytes_recv, "net_out_mb_s": network.bytes_sent}
    if disk is not None:
        read |= {"disk_read_mb_s": disk.read_bytes, "disk_write_mb_s": disk.write_bytes}
    return read
