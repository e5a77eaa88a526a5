"""`livedash publish`: records from stdin into a room."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Final

import typer

from livedash import clock, limits
from livedash.cli.hub import Url, asked_endpoint
from livedash.cli.stdin_records import TextFormat, records_of_lines
from livedash.client.loop_thread import LoopThread
from livedash.client.publisher import Publisher
from livedash.client.remote import RemoteHub
from livedash.client.websocket_channel import WebSocketConnector
from livedash.errors import LivedashError, UnreachableError
from livedash.wire.names import checked_room

_LOOK_EVERY: Final = 10_000  # records
_MOST_WAITING: Final = (
    200_000  # records: above it stdin is read more slowly, so that no large file overflows the buffer
)
_POLL_S: Final = 0.02


def publish(
    room: Annotated[str, typer.Argument(help="The room, such as train or lab3.furnace.temp.")],
    text_format: Annotated[TextFormat, typer.Option("--format", help="What stdin holds.")] = TextFormat.NDJSON,
    url: Url = None,
) -> None:
    """Publish records from stdin as they come: NDJSON (one JSON object a line) or CSV with a header.

    Ends when stdin does and the hub has acknowledged every record. While no hub answers, records wait in a buffer. A line
    that is no record ends it; what came before is published.
    """
    checked_room(room)
    endpoint = asked_endpoint(url)
    RemoteHub(endpoint).rooms()  # a wrong address or token is told now, not after a day of records
    publisher = Publisher(LoopThread(), lambda: WebSocketConnector(endpoint))
    try:
        for count, record in enumerate(records_of_lines(sys.stdin, text_format), 1):
            publisher.push(room, record)
            if count % _LOOK_EVERY == 0:
                _wait_for_hub(publisher)
    except BaseException:
        if left := publisher.flush(limits.FLUSH_AT_EXIT_SCRIPT_S):
            typer.echo(f"livedash: {left} records were not acknowledged", err=True)
        raise
    _check(publisher, publisher.flush(limits.FLUSH_AT_EXIT_SCRIPT_S))


def _wait_for_hub(publisher: Publisher) -> None:
    """As long as it answers: while none does, what comes is buffered up to the bound, and what is lost is told."""
    while _sum(publisher, "waiting") > _MOST_WAITING and publisher.statistics().state == "connected":
        clock.sleep_s(_POLL_S)


def _check(publisher: Publisher, left: int) -> None:
    """Raises for the records that are not in the room."""
    statistics = publisher.statistics()
    if left:
        reason = statistics.reason or "the hub did not answer in time"
        raise UnreachableError(f"{left} records were not acknowledged: {reason}")
    refused, lost = _sum(publisher, "refused"), _sum(publisher, "lost")
    if refused:
        reasons = [room.reason for room in statistics.rooms if room.refused]
        raise LivedashError(f"the hub refused {refused} records: {reasons[0]}")
    if lost:
        buffer = limits.PUBLISHER_BUFFER_BYTES // limits.MIB
        raise LivedashError(f"{lost} records were lost: no hub answered until the buffer of {buffer} MiB was full")


def _sum(publisher: Publisher, name: str) -> int:
    counts: list[Any] = [getattr(room, name) for room in publisher.statistics().rooms]
    return sum(counts)
