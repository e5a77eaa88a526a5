"""`livedash serve`: a hub and its server in this process."""

from __future__ import annotations

import asyncio
import json
import logging
import webbrowser
from typing import Annotated

import typer

from livedash import limits
from livedash.server.lifecycle import RunningServer, ServeOptions, serve_until_signal
from livedash.server.workers import Workers

DEFAULT_PORT = 8899


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.", min=0, max=65535)] = DEFAULT_PORT,
    token: Annotated[
        str | None, typer.Option(envvar="LIVEDASH_TOKEN", help="Login token; one is made if none is given.")
    ] = None,
    public_url: Annotated[
        str | None, typer.Option(help="Address by which others reach this server; links carry it.")
    ] = None,
    trust_proxy: Annotated[bool, typer.Option("--trust-proxy", help="Believe X-Forwarded-* headers.")] = False,
    workers: Annotated[int, typer.Option(help="Processes that share the port; above 1 they need a broker.", min=1)] = 1,
    broker: Annotated[
        str | None, typer.Option(envvar="LIVEDASH_BROKER", help="URL of the broker that joins several hubs.")
    ] = None,
    data_dir: Annotated[
        str | None, typer.Option(help="Directory that keeps the rooms on disk, for the next start.")
    ] = None,
    data_dir_bytes: Annotated[
        int, typer.Option(help="Size of that directory, at most; the oldest records go first.", min=1)
    ] = limits.DATA_DIR_BYTES,
    connections: Annotated[
        int, typer.Option(help="Connections in all; whoever comes then is told to come again later.", min=0)
    ] = limits.CONNECTIONS,
    address_connections: Annotated[
        int, typer.Option(help="Connections from one address; this machine's own are not counted.", min=0)
    ] = limits.ADDRESS_CONNECTIONS,
    link_connections: Annotated[
        int, typer.Option(help="Connections by one share link.", min=0)
    ] = limits.LINK_CONNECTIONS,
    rooms_per_connection: Annotated[
        int, typer.Option(help="Rooms and globs that one WebSocket reads.", min=1)
    ] = limits.SUBSCRIPTIONS_PER_CONNECTION,
    record_bytes: Annotated[
        int, typer.Option(help="Size of one record, at most.", min=1, max=limits.RECORD_BYTES)
    ] = limits.RECORD_BYTES,
    publish_body_bytes: Annotated[
        int,
        typer.Option(
            help="Size of one publish, at most.", min=limits.PUBLISH_BODY_LEAST_BYTES, max=limits.PUBLISH_BODY_BYTES
        ),
    ] = limits.PUBLISH_BODY_BYTES,
    publish_rate_records: Annotated[
        float, typer.Option(help="Records a second of one publisher; 0 for no bound.", min=0)
    ] = limits.PUBLISH_RATE_RECORDS,
    publish_rate_bytes: Annotated[
        float, typer.Option(help="Bytes a second of one publisher; 0 for no bound.", min=0)
    ] = limits.PUBLISH_RATE_BYTES,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print URL and token as JSON, in one line.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log each request.")] = False,
) -> None:
    """Run a hub with its server, until Ctrl+C or SIGTERM.

    Prints its URL and token; `LIVEDASH_URL` and `LIVEDASH_TOKEN` lead scripts and other commands to it.
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(levelname)s %(message)s"
    )

    def on_started(running: RunningServer) -> None:
        if as_json:
            typer.echo(json.dumps({"url": running.url, "token": running.token}))
        else:
            _announce(running, is_token_given=token is not None)
        if open_page:
            webbrowser.open(f"{running.url}view?key={running.token}")

    options = ServeOptions(
        host,
        port,
        token,
        public_url,
        trust_proxy,
        data_dir,
        data_dir_bytes,
        broker,
        connections=connections,
        address_connections=address_connections,
        link_connections=link_connections,
        rooms_per_connection=rooms_per_connection,
        record_bytes=record_bytes,
        publish_body_bytes=publish_body_bytes,
        publish_rate_records=publish_rate_records,
        publish_rate_bytes=publish_rate_bytes,
    )
    if workers > 1:
        raise typer.Exit(Workers(workers, options, on_started).run())
    asyncio.run(serve_until_signal(options, on_started))


def _announce(running: RunningServer, *, is_token_given: bool) -> None:
    typer.echo(f"livedash is serving at {running.url}")
    if not is_token_given:
        typer.echo(f"  page   {running.url}view?key={running.token}")
        typer.echo(f"  shell  export LIVEDASH_URL={running.url} LIVEDASH_TOKEN={running.token}")
