"""`share`, `links` and `revoke`."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from livedash.cli.hub import AsJson, Url, asked_hub
from livedash.client.link import Link, list_of_links
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
    """List the links that still read, with their viewers."""
    hub = asked_hub(url)
    typer.echo(msgspec.json.encode(hub.links()).decode() if as_json else repr(list_of_links(hub)))


def revoke(
    link_id: Annotated[str, typer.Argument(help="The link's id, as `livedash links` shows it.")],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """End a link now, and the streams that are open by it."""
    asked_hub(url).revoke(link_id)
    typer.echo(msgspec.json.encode({"revoked": link_id}).decode() if as_json else f"revoked {link_id}")
