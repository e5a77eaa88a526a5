"""The command line: `livedash …` and `python -m livedash`. One file a family of commands; this one runs them."""

from __future__ import annotations

import sys

from livedash.cli.app import run


def main() -> None:
    """Exits with 0 done, 1 failed, 2 used wrongly, 3 no hub answers, 130 interrupted."""
    sys.exit(run(sys.argv[1:]))
