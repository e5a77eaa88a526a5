"""`tail`, `rooms` and `status`: what a hub holds."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import typer

from livedash.cli.hub import AsJson, Url, asked_endpoint, asked_hub
from livedash.client.contract import HubReport
from livedash.client.endpoint import endpoint_of_url
from livedash.client.feed import Feed
from livedash.client.http import request
from livedash.client.loop_thread import LoopThread
from livedash.client.remote import RemoteHub
from livedash.client.room import list_of_rooms
from livedash.client.status import told_broker, told_store, told_viewers
from livedash.wire.messages import Gap
from livedash.wire.names import checked_glob
from livedash.wire.since import start_from


def tail(
    what: Annotated[str, typer.Argument(help="A room, a glob such as 'lab3.*', or the URL of a share link.")],
    since: Annotated[str, typer.Option(help="now, earliest, snapshot, -10 (the last 10), or a cursor.")] = "-10",
    count: Annotated[int | None, typer.Option("-n", "--count", help="End after so many records.", min=1)] = None,
    with_room: Annotated[
        bool, typer.Option("--with-room", help='Print {"room": …, "record": …}, to tell the rooms of a glob apart.')
    ] = False,
    url: Url = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, as it does in any case.")] = False,
) -> None:
    """Print records as they come, one JSON object a line, until Ctrl+C. Gaps are told on stderr."""
    is_url = "://" in what
    endpoint = endpoint_of_url(what) if is_url else asked_endpoint(url)
    rooms = () if is_url else (checked_glob(what),)
    start_from(since)
    RemoteHub(endpoint).rooms()  # a wrong address, token or key is told now
    with Feed(endpoint, LoopThread(), rooms=rooms, since=since, on_gap=_tell_gap) as feed:
        for number, (room, record) in enumerate(feed.with_rooms(), 1):
            line = {"room": room, "record": record} if with_room else record
            if not _print_line(msgspec.json.encode(line).decode()) or number == count:
                return


def rooms(url: Url = None, as_json: AsJson = False) -> None:
    """List the rooms of the hub."""
    listed = list_of_rooms(asked_hub(url).rooms())
    typer.echo(msgspec.json.encode(list(listed)).decode() if as_json else repr(listed))


def status(url: Url = None, as_json: AsJson = False) -> None:
    """Say what the hub is, how long it runs, and how much it holds."""
    endpoint = asked_endpoint(url)
    told = request(endpoint, "GET", "status").json()
    if as_json:
        typer.echo(json.dumps(told))
        return
    lines = {"hub": endpoint.address, **dict(_lines_of_status(told))}
    width = max(map(len, lines))
    for name, text in lines.items():
        typer.echo(f"{name:<{width}}  {text}")


def _lines_of_status(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    hub = msgspec.convert(told, HubReport)
    for name, value in told.items():
        if name not in HubReport.__struct_fields__:
            yield name, f"{value:,}" if isinstance(value, int | float) else str(value)
    if hub.slow_viewers is not None and (line := told_viewers(hub.slow_viewers)):
        yield "slow_viewers", line
    if hub.data_dir is not None:
        yield "data_dir", told_store(hub.data_dir)
    if hub.broker is not None:
        yield "broker", told_broker(hub.broker)


def _print_line(text: str) -> bool:
    """False if whoever reads us is gone, as in `| head`; then nothing is left that Python would flush at exit."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def _tell_gap(gap: Gap) -> None:
    missing = f", records {gap.start} to {gap.stop} are missing" if gap.start is not None else ""
    typer.echo(f"livedash: gap in {gap.room} ({gap.reason}){missing}", err=True)
