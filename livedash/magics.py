"""`%load_ext livedash`: the line magic `%livedash`, the cell magic `%%livedash`, and what the Tab key offers."""

from __future__ import annotations

import shlex
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from livedash import api
from livedash.client.process import PROCESS
from livedash.errors import LivedashError
from livedash.sharing.duration import duration_s
from livedash.sources.cell import function_of_cell
from livedash.sources.function import FunctionSource, start
from livedash.wire.names import checked_room

NAME: Final = "livedash"
COMMANDS: Final[dict[str, tuple[str, ...]]] = {  # with their options, as the Tab key offers them
    "show": ("--title", "--window"),
    "share": ("--for", "--label"),
    "links": (),
    "revoke": (),
    "rooms": (),
    "status": (),
    "serve": ("--host", "--port"),
}
OF_ROOMS: Final = ("show", "share")  # commands whose words are names of rooms
_DEFAULT_EVERY: Final = "1s"


class _ToldError(Exception):
    """The text to print."""


class _RefusedError(Exception):
    """The words of the magic are wrong."""


class _Parser(ArgumentParser):
    """Never ends the kernel."""

    def error(self, message: str) -> NoReturn:
        raise _RefusedError(f"{self.prog}: {message}\n{self.format_usage().strip()}")

    def print_help(self, file: Any = None) -> NoReturn:
        raise _ToldError(self.format_help())


def line_parser() -> ArgumentParser:
    parser = _Parser(prog="%livedash", description="Live panels, share links and rooms, by one line.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    show = commands.add_parser("show", help="a panel of rooms, also of rooms that do not exist yet")
    show.add_argument("rooms", nargs="+", help="names or globs, such as train or lab3.*")
    show.add_argument("--title")
    show.add_argument("--window", type=int, help="how many records it shows")
    share = commands.add_parser("share", help="a link that reads rooms, without a login")
    share.add_argument("rooms", nargs="+", help="names or globs, such as train or lab3.*")
    share.add_argument("--for", dest="expires", default="8h", help="how long: 90s, 30m, 8h, 7d (8h unless given)")
    share.add_argument("--label", default="", help="a note, to know the link by")
    commands.add_parser("links", help="the links that still read, with how many view each")
    commands.add_parser("revoke", help="end a link now").add_argument("id", help="as %%livedash links shows it")
    commands.add_parser("rooms", help="the rooms of the hub")
    commands.add_parser("status", help="what this kernel is connected to, and what was dropped")
    serve = commands.add_parser("serve", help="a hub with a server in this kernel, for who has no Jupyter server")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=0, help="any free one unless given")
    return parser


def cell_parser() -> ArgumentParser:
    parser = _Parser(
        prog="%%livedash",
        description="Runs the cell in the background again and again, and pushes its last expression. "
        "The cell that is run again takes the place of the one before; ld.sources.stop_all() ends all.",
    )
    parser.add_argument("room")
    parser.add_argument("--every", default=_DEFAULT_EVERY, help="0.5s, 2s, 1m (1s unless given)")
    return parser


def run_line(line: str) -> Any:
    """`%livedash …`: what it gives is displayed."""
    words = line_parser().parse_args(shlex.split(line) or ["--help"])
    match words.command:
        case "show":
            window = {} if words.window is None else {"window": words.window}
            return api.show(words.rooms, title=words.title, **window)
        case "share":
            return api.share(words.rooms, words.expires, words.label)
        case "revoke":
            api.revoke(words.id)
            return api.links()
        case "serve":
            return api.serve(words.host, words.port)
        case "links":
            return api.links()
        case "rooms":
            return api.rooms()
        case _:
            return api.status()


def run_cell(line: str, cell: str, shell: Any) -> FunctionSource:
    """`%%livedash ROOM --every 1s`."""
    words = cell_parser().parse_args(shlex.split(line))
    room, every_s = checked_room(words.room), duration_s(words.every)
    source = shell.transform_cell(cell)
    function = function_of_cell(source, shell.user_ns, shell.compile.cache(source))
    return start(PROCESS.publisher.push, PROCESS.publisher.tell_failing, function, room, every_s, "%%livedash")


def completions(words: Sequence[str], is_new_word: bool) -> list[str]:
    """What may come next: `words` begin with the magic, and unless `is_new_word` the last one is unfinished."""
    done = words if is_new_word else words[:-1]
    if not done:
        return []
    if done[0] == f"%%{NAME}":
        return _rooms() if len(done) == 1 else ["--every", "--help"]
    if len(done) == 1:
        return [*COMMANDS, "--help"]
    options = [*COMMANDS.get(done[1], ()), "--help"]
    return [*_rooms(), *options] if done[1] in OF_ROOMS else options


def _rooms() -> list[str]:
    """Whoever presses Tab is not told that no hub answers."""
    try:
        return sorted(state.name for state in PROCESS.hub().access.rooms())
    except LivedashError:
        return []


def load(shell: Any) -> None:
    """Registers both magics and their completion."""
    from IPython.core.completer import context_matcher
    from IPython.core.error import UsageError

    def livedash(line: str, cell: str | None = None) -> Any:
        """`%livedash --help` and `%%livedash --help` say what there is."""
        try:
            return run_line(line) if cell is None else run_cell(line, cell, shell)
        except _ToldError as told:
            sys.stdout.write(str(told))
            return None
        except (_RefusedError, LivedashError, ValueError) as error:  # a mistake is told in words, not by a traceback
            raise UsageError(f"livedash: {error}") from None

    shell.register_magic_function(livedash, "line_cell", NAME)
    shell.Completer.custom_matchers.append(context_matcher(identifier=NAME)(complete))


def unload(shell: Any) -> None:
    """Takes both magics away; sources that run go on."""
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(NAME, None)
    matchers = shell.Completer.custom_matchers
    matchers[:] = [matcher for matcher in matchers if getattr(matcher, "matcher_identifier", None) != NAME]


def complete(context: Any) -> dict[str, Any]:
    """A matcher of IPython's: it keeps Python's own words out of a line that is none."""
    from IPython.core.completer import SimpleCompletion

    text: str = context.text_until_cursor
    words = text.split()
    if not words or words[0].lstrip("%") != NAME or not words[0].startswith("%"):
        return {"completions": []}
    is_new_word = text.endswith(" ")
    fragment = "" if is_new_word else words[-1]
    found = [text for text in completions(words, is_new_word) if text.startswith(fragment)]
    return {
        "completions": [SimpleCompletion(text=text, type="param") for text in found],
        "matched_fragment": fragment,
        "suppress": True,
        "ordered": True,
    }
