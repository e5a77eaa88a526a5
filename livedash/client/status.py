"""The answer of `ld.status()`: what this process is connected to, and what was dropped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from livedash import limits
from livedash.brokers.contract import BrokerState
from livedash.client.contract import HubAccess, HubReport, SourceState
from livedash.client.process import Process
from livedash.client.spool import RoomSpoolStatistics
from livedash.errors import LivedashError
from livedash.store.contract import StoreState
from livedash.transports.backlog import SlowViewers


@dataclass(frozen=True, slots=True)
class StatusReport:
    """`state`: idle (nothing pushed yet), connecting, connected or waiting (for the next attempt; `reason` says why).

    `endpoint` is for people: a URL without secrets, a socket's path, or 'in this process'. `panels_by`, "server" or
    "comm": how this process's panels get their records. Counts are records. `data_dir`: how the hub keeps its rooms on
    disk, None where it does not, or does not answer; `slow_viewers`: what waits for the hub's viewers, and how often one was
    moved down the ladder, None where it does not answer; `broker`: how it does with the one that it shares its rooms by.
    """

    state: str
    endpoint: str
    transport: str
    panels_by: str
    reason: str | None
    buffered_bytes: int
    rooms: tuple[RoomSpoolStatistics, ...]
    sources: tuple[SourceState, ...]
    data_dir: StoreState | None = None
    slow_viewers: SlowViewers | None = None
    broker: BrokerState | None = None

    @property
    def dropped(self) -> int:
        """Records that never reached the hub: lost from the full buffer, or refused."""
        return sum(room.lost + room.refused for room in self.rooms)

    def __repr__(self) -> str:
        head = f"livedash: {self.state}; hub {self.endpoint} ({self.transport}); panels by {self.panels_by}"
        lines = [head if self.reason is None else f"{head}; {self.reason}"]
        if self.data_dir is not None:
            lines.append(f"  data directory {told_store(self.data_dir)}")
        if self.broker is not None:
            lines.append(f"  broker {told_broker(self.broker)}")
        if self.slow_viewers is not None and (told := told_viewers(self.slow_viewers)):
            lines.append(f"  slow viewers: {told}")
        lines += [_room_line(room) for room in self.rooms]
        lines += [_source_line(source) for source in self.sources]
        return "\n".join(lines)


def status_of(process: Process, sources: Iterable[SourceState]) -> StatusReport:
    found = process.hub()
    statistics = process.publisher.statistics()
    report = _report_of(found.access)
    return StatusReport(
        state=statistics.state,
        endpoint=found.access.address,
        transport=found.connector.transport,
        panels_by="server" if found.is_jupyter else "comm",
        reason=statistics.reason,
        buffered_bytes=statistics.buffered_bytes,
        rooms=statistics.rooms,
        sources=tuple(sources),
        data_dir=report.data_dir,
        slow_viewers=report.slow_viewers,
        broker=report.broker,
    )


def told_store(state: StoreState) -> str:
    """One line for people."""
    text = f"{state.path}: {state.state}, {state.bytes / limits.MIB:,.1f} MiB"
    if state.rooms_waiting:
        text += f", {state.rooms_waiting:,} rooms wait to be written"
    return text if state.reason is None else f"{text}; {state.reason}"


def told_broker(state: BrokerState) -> str:
    """One line for people."""
    text = f"{state.address}: {state.state}, {state.hubs:,} {'hub' if state.hubs == 1 else 'hubs'}"
    if state.waiting:
        text += f", {state.waiting:,} {'change waits' if state.waiting == 1 else 'changes wait'}"
    return text if state.reason is None else f"{text}; {state.reason}"


def told_viewers(slow: SlowViewers) -> str:
    """One line for people, empty where no viewer was ever slow."""
    if not (slow.coalesced or slow.conflated or slow.dropped or slow.disconnected):
        return ""
    return (
        f"{slow.waiting_bytes / limits.MIB:,.1f} MiB wait; {slow.coalesced:,} times coalesced, {slow.conflated:,} records "
        f"conflated, {slow.dropped:,} queues dropped, {slow.disconnected:,} viewers disconnected"
    )


def _report_of(hub: HubAccess) -> HubReport:
    """A hub that does not answer is told by `state` and `reason` already."""
    try:
        return hub.report()
    except LivedashError:
        return HubReport()


def _room_line(room: RoomSpoolStatistics) -> str:
    text = f"  {room.room}: {room.pushed:,} pushed, {room.acknowledged:,} at the hub, {room.waiting:,} waiting"
    if room.lost:
        text += f", {room.lost:,} lost from the full buffer"
    if room.refused:
        text += f", {room.refused:,} refused ({room.reason})"
    return text


def _source_line(source: SourceState) -> str:
    text = f"  source {source.name} -> {source.room}: {source.state}, {source.runs:,} runs"
    return text if source.error is None else f"{text}, {source.failures:,} failed; last error: {source.error}"
