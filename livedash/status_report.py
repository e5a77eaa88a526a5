"""The answer of `ld.status()`: what this process is connected to, and what was dropped."""

from __future__ import annotations

from dataclasses import dataclass

from livedash.client.process import Process
from livedash.client.spool import RoomSpoolStatistics
from livedash.sources.contract import SourceStatistics
from livedash.sources.running import running_sources


@dataclass(frozen=True, slots=True)
class StatusReport:
    """`state`: idle, connecting, connected or waiting. Counts are records."""

    state: str
    hub: str
    transport: str
    panels_by: str  # "server" or "comm": how this process's panels get their records
    reason: str | None
    buffered_bytes: int
    rooms: tuple[RoomSpoolStatistics, ...]
    sources: tuple[SourceStatistics, ...]

    @property
    def dropped(self) -> int:
        """Records that never reached the hub: lost from the full buffer, or refused."""
        return sum(room.lost + room.refused for room in self.rooms)

    def __repr__(self) -> str:
        head = f"livedash: {self.state}; hub {self.hub} ({self.transport}); panels by {self.panels_by}"
        lines = [head if self.reason is None else f"{head}; {self.reason}"]
        lines += [_room_line(room) for room in self.rooms]
        lines += [_source_line(source) for source in self.sources]
        return "\n".join(lines)


def report(process: Process) -> StatusReport:
    found = process.hub()
    statistics = process.publisher.statistics()
    return StatusReport(
        state=statistics.state,
        hub=found.access.address,
        transport=found.connector.transport,
        panels_by="server" if found.is_jupyter else "comm",
        reason=statistics.reason,
        buffered_bytes=statistics.buffered_bytes,
        rooms=statistics.rooms,
        sources=tuple(source.statistics() for source in running_sources()),
    )


def _room_line(room: RoomSpoolStatistics) -> str:
    text = f"  {room.room}: {room.pushed} pushed, {room.acknowledged} at the hub, {room.waiting} waiting"
    if room.lost:
        text += f", {room.lost} lost from the full buffer"
    if room.refused:
        text += f", {room.refused} refused ({room.reason})"
    return text


def _source_line(source: SourceStatistics) -> str:
    text = f"  source {source.name} -> {source.room}: {source.state}, {source.runs} runs"
    return text if source.error is None else f"{text}, {source.failures} failed; last: {source.error}"
