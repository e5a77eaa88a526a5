"""`share`, `links` and `revoke`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from livedash.cli.data import AsJson, Url
from livedash.cli.hub import asked_hub
from livedash.client.link import Link
from livedash.sharing.duration import duration_s


def share(
    rooms: Annotated[list[str], typer.Argument(help="Rooms or globs that the link reads.")],
    expires: Annotated[str, typer.Option("--for", help="How long it reads: 90s, 30m, 8h, 7d.")] = "8h",
    label: Annotated[str, typer.Option(help="A note, to know the link by.")] = "",
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make a link that reads rooms, and nothing else, without a login."""
    hub = asked_hub(url)
    info = hub.create_link(tuple(rooms), duration_s(expires), label, None)
    typer.echo(msgspec.json.encode(info).decode() if as_json else repr(Link(info, hub)))


def links(url: Url = None, as_json: AsJson = False) -> None:
    """List the links that still read."""
    states = asked_hub(url).links()
    if as_json:
        typer.echo(msgspec.json.encode(states).decode())
        return
    if not states:
        typer.echo("there is no link; make one by `livedash share ROOM`")
    for state in states:
        until = datetime.fromtimestamp(state.expires_at, UTC)
        typer.echo(
            f"{state.id}\t{', '.join(state.rooms)}\tuntil {until:%Y-%m-%d %H:%M} UTC\t{state.viewers} viewers\t{state.label}"
        )


def revoke(
    link_id: Annotated[str, typer.Argument(help="The link's id, as `livedash links` shows it.")], url: Url = None
) -> None:
    """End a link now, and the streams that are open by it."""
    asked_hub(url).revoke(link_id)
    typer.echo(f"revoked {link_id}")
