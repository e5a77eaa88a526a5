"""`%load_ext livedash`: the line magic `%livedash`, the cell magic `%%livedash`, and their completion."""

from __future__ import annotations

import shlex
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

from livedash import api
from livedash.errors import LivedashError, SettingRefusedError
from livedash.sharing.duration import duration_s
from livedash.sources.function import FunctionSource, start
from livedash.wire.names import checked_room

COMMANDS: Final = ("show", "share", "links", "revoke", "rooms", "status", "serve")


class _UsageError(Exception):
    """The words of a magic are wrong, or only its help was asked for: the message is what to print."""


class _Parser(ArgumentParser):
    """Does not end the kernel."""

    def error(self, message: str) -> NoReturn:
        raise _UsageError(f"{message}\n{self.format_usage()}")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise _UsageError(message or "")

    def print_help(self, file: Any = None) -> None:
        raise _UsageError(self.format_help())


def line_parser() -> ArgumentParser:
    parser = _Parser(prog="%livedash", description="Live panels, share links and rooms, by one line.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="|".join(COMMANDS))
    show = commands.add_parser("show", help="a panel of rooms, also of rooms that do not exist yet")
    show.add_argument("rooms", nargs="+", help="names or globs, such as train or 'lab3.*'")
    show.add_argument("--title")
    show.add_argument("--window", type=int, help="records that the panel holds")
    share = commands.add_parser("share", help="a link that reads rooms, without a login")
    share.add_argument("rooms", nargs="+")
    share.add_argument("--for", dest="expires", default="8h", help="how long: 90s, 30m, 8h, 7d (default: 8h)")
    share.add_argument("--label", default="")
    commands.add_parser("links", help="the links that still read")
    commands.add_parser("revoke", help="end a link now").add_argument("id")
    commands.add_parser("rooms", help="the rooms of the hub")
    commands.add_parser("status", help="what this kernel is connected to, and what was dropped")
    serve = commands.add_parser("serve", help="a hub with a server in this kernel")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=0)
    return parser


def cell_parser() -> ArgumentParser:
    parser = _Parser(
        prog="%%livedash",
        description="Runs the cell's body again and again in the background, and pushes its last expression.",
    )
    parser.add_argument("room")
    parser.add_argument("--every", default="1s", help="the period: 500ms is 0.5s, 2s, 1m (default: 1s)")
    return parser


def run_line(line: str) -> Any:
    """`%livedash …`: what it gives is displayed."""
    words = line_parser().parse_args(shlex.split(line) or ["--help"])
    match words.command:
        case "show":
            options = {} if words.window is None else {"window": words.window}
            return api.show(words.rooms, title=words.title, **options)
        case "share":
            return api.share(words.rooms, words.expires, words.label)
        case "links":
            return api.links() or "there is no link; make one by %livedash share ROOM"
        case "revoke":
            api.revoke(words.id)
            return f"revoked {words.id}"
        case "rooms":
            return api.rooms() or "there is no room yet; it begins with its first record"
        case "status":
            return api.status()
        case _:
            return api.serve(words.host, words.port)


def run_cell(line: str, cell: str, namespace: dict[str, Any]) -> FunctionSource:
    """`%%livedash ROOM --every 1s`."""
    words = cell_parser().parse_args(shlex.split(line))
    room, every_s = checked_room(words.room), duration_s(words.every)
    return start(api.push, body_of_cell(cell, namespace), room, every_s, f"cell.{room}")


def body_of_cell(cell: str, namespace: dict[str, Any]) -> Callable[[], Any]:
    """The cell's code as a function of no arguments. Raises SettingRefusedError where it does not end in an
    expression.
    """
    import ast

    try:
        tree = ast.parse(cell)
    except SyntaxError as error:
        raise SettingRefusedError(f"the cell's body is no Python: {error}") from error
    if not tree.body or not isinstance(tree.body[-1], ast.Expr):
        raise SettingRefusedError("the cell's last line is an expression, such as a dict: that is what is pushed")
    last = tree.body.pop()
    before = compile(tree, "<livedash cell>", "exec")
    value = compile(ast.Expression(last.value), "<livedash cell>", "eval")  # type: ignore[attr-defined]  # an Expr, by the test above

    def body() -> Any:
        exec(before, namespace)  # noqa: S102  # the user's own cell, in the user's own namespace
        return eval(value, namespace)  # noqa: S307  # as above

    return body


def complete(words: Sequence[str], is_new_word: bool) -> list[str]:
    """What may come next after `%livedash`: a command, then rooms."""
    if len(words) < 2 or (len(words) == 2 and not is_new_word):  # the magic and its command
        return list(COMMANDS)
    if words[1] not in ("show", "share"):
        return []
    try:
        return [state.name for state in api.rooms()]
    except LivedashError:
        return []


def _guarded(run: Callable[[], Any]) -> Any:
    """A mistake in the words is told in words, not by a traceback."""
    try:
        return run()
    except _UsageError as told:
        print(told)
    except (LivedashError, ValueError) as error:
        print(f"livedash: {error}")
    return None


def load(shell: Any) -> None:
    def livedash(line: str, cell: str | None = None) -> Any:
        """`%livedash --help` and `%%livedash --help` say what there is."""
        if cell is None:
            return _guarded(lambda: run_line(line))
        return _guarded(lambda: run_cell(line, cell, shell.user_ns))

    def completer(_: Any, event: Any) -> list[str]:
        return complete(event.line.split(), event.line.endswith(" "))

    shell.register_magic_function(livedash, "line_cell", "livedash")
    shell.set_hook("complete_command", completer, str_key="%livedash")


def unload(shell: Any) -> None:
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("livedash", None)
