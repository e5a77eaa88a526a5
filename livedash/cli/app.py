"""The commands put together, and how their errors end the process."""

from __future__ import annotations

from typing import Annotated

import typer
from typer.exceptions import TyperException

from livedash.cli import demo, publish, reading, serve, sharing
from livedash.errors import LivedashError, NameRefusedError, NotLoggedInError, SettingRefusedError, UnreachableError
from livedash.version import __version__

_NO_LOGIN = (
    "the hub does not take this login: set LIVEDASH_TOKEN to the token of `livedash serve`, or of the Jupyter server"
)
FAILED, USAGE, UNREACHABLE, INTERRUPTED = 1, 2, 3, 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="markdown",
    help="See numbers move: push records into rooms, watch them live, share them by a link. "
    "A hub elsewhere is found by LIVEDASH_URL and LIVEDASH_TOKEN.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options of all commands; `version` is done by its callback."""


app.command("serve")(serve.serve)
app.command("publish")(publish.publish)
app.command("tail")(reading.tail)
app.command("rooms")(reading.rooms)
app.command("status")(reading.status)
app.command("share")(sharing.share)
app.command("links")(sharing.links)
app.command("revoke")(sharing.revoke)
app.command("demo")(demo.demo)


def run(arguments: list[str]) -> int:
    """The exit code. Errors are one line on stderr, with what to do."""
    try:
        code = app(arguments, standalone_mode=False)
    except TyperException as error:
        if message := error.format_message().rstrip("."):  # without any argument the help says it all
            typer.echo(f"livedash: {message}; see livedash --help", err=True)
        return USAGE
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except NotLoggedInError:
        typer.echo(f"livedash: {_NO_LOGIN}", err=True)
        return FAILED
    except LivedashError as error:
        typer.echo(f"livedash: {error.message}", err=True)
        return _code_of(error)
    return code if isinstance(code, int) else 0


def _code_of(error: LivedashError) -> int:
    if isinstance(error, UnreachableError):
        return UNREACHABLE
    return USAGE if isinstance(error, NameRefusedError | SettingRefusedError) else FAILED
