"""`publish`, `tail` and `rooms`: records in and out of a hub."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import typer

from livedash.cli.hub import asked_endpoint, asked_hub
from livedash.client.endpoint import endpoint_of_url
from livedash.client.feed import Feed
from livedash.client.http import request
from livedash.client.loop_thread import LoopThread
from livedash.client.publisher import Publisher
from livedash.client.remote import RemoteHub, WebSocketConnector
from livedash.errors import UnreachableError, ValueRefusedError
from livedash.wire.names import checked_glob, checked_room

Url = Annotated[str | None, typer.Option("--url", help="The hub; else LIVEDASH_URL.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]
_ACKNOWLEDGE_S = 30.0


class TextFormat(StrEnum):
    NDJSON = "ndjson"
    CSV = "csv"


def publish(
    room: Annotated[str, typer.Argument(help="The room, such as train or lab3.furnace.temp.")],
    text_format: Annotated[TextFormat, typer.Option("--format", help="What stdin holds.")] = TextFormat.NDJSON,
    url: Url = None,
) -> None:
    """Publish records from stdin as they come: NDJSON (one JSON object a line) or CSV with a header.

    Ends when stdin does and the hub has acknowledged all records.
    """
    endpoint = asked_endpoint(url)
    RemoteHub(endpoint).rooms()  # a wrong address or token is told now, not after a day of records
    publisher = Publisher(LoopThread(), lambda: WebSocketConnector(endpoint))
    read = _ndjson if text_format is TextFormat.NDJSON else _csv
    checked_room(room)
    count = 0
    for record in read():
        publisher.push(room, record)
        count += 1
    left = publisher.flush(_ACKNOWLEDGE_S)
    refused = sum(state.refused for state in publisher.statistics().rooms)
    if left:
        raise UnreachableError(f"{left} of {count} records were not acknowledged: {publisher.statistics().reason}")
    if refused:
        reason = next(state.reason for state in publisher.statistics().rooms if state.refused)
        raise ValueRefusedError(f"the hub refused {refused} of {count} records: {reason}")


def _ndjson() -> Iterator[dict[str, Any]]:
    for number, text in enumerate(sys.stdin, 1):
        if not text.strip():
            continue
        try:
            record = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise ValueRefusedError(f"line {number} is no JSON: {error}; for CSV use --format csv") from error
        if not isinstance(record, dict):
            raise ValueRefusedError(f"line {number} is no JSON object but {type(record).__name__}")
        yield record


def _csv() -> Iterator[dict[str, Any]]:
    for row in csv.DictReader(sys.stdin):
        yield {name: _cell(value) for name, value in row.items() if name is not None and value is not None}


def _cell(text: str) -> Any:
    """A number where it is one; an empty cell is null."""
    if text == "":
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def tail(
    what: Annotated[str, typer.Argument(help="A room, a glob such as 'lab3.*', or the URL of a share link.")],
    since: Annotated[str, typer.Option(help="now, earliest, snapshot, -10 (the last 10), or a cursor.")] = "-10",
    count: Annotated[int | None, typer.Option("-n", "--count", help="End after so many records.", min=1)] = None,
    url: Url = None,
) -> None:
    """Print records as they come, one JSON object a line, until Ctrl+C. Gaps are told on stderr."""
    is_url = "://" in what
    endpoint = endpoint_of_url(what) if is_url else asked_endpoint(url)
    rooms = () if is_url else (checked_glob(what),)
    RemoteHub(endpoint).rooms()

    def on_gap(gap: Any) -> None:
        typer.echo(f"livedash: gap in {gap.room}: {gap.reason}", err=True)

    with Feed(endpoint, LoopThread(), rooms=rooms, since=since, on_gap=on_gap) as feed:
        for number, record in enumerate(feed, 1):
            sys.stdout.write(msgspec.json.encode(record).decode() + "\n")
            sys.stdout.flush()
            if number == count:
                return


def rooms(url: Url = None, as_json: AsJson = False) -> None:
    """List the rooms of the hub."""
    states = asked_hub(url).rooms()
    if as_json:
        typer.echo(msgspec.json.encode(states).decode())
        return
    if not states:
        typer.echo("there is no room yet; it begins with its first record")
    for state in states:
        typer.echo(
            f"{state.name}\t{state.offset} records, {state.records} held, {state.viewers} viewers, at {state.position}"
        )


def status(url: Url = None, as_json: AsJson = False) -> None:
    """Show what the hub holds and who reads it."""
    told = request(asked_endpoint(url), "GET", "status").body
    if as_json:
        typer.echo(told.decode())
        return
    for name, value in msgspec.json.decode(told).items():
        typer.echo(f"{name}\t{value}")
