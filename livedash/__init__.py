"""livedash: see numbers move while the code runs. `import livedash as ld`, then `ld.push`, `ld.show`, `ld.share`.

Names come when they are first used, so that the import itself takes a few milliseconds.
"""

from __future__ import annotations

import atexit
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

from livedash.version import __version__

if TYPE_CHECKING:
    from livedash import sources
    from livedash.api import (
        connect,
        dashboard,
        figure,
        flush,
        line,
        links,
        log,
        number,
        push,
        revoke,
        room,
        rooms,
        serve,
        share,
        show,
        source,
        status,
        table,
        track,
        use,
    )
    from livedash.client.link import Link
    from livedash.client.room import Room

__all__ = [
    "Link",
    "Room",
    "__version__",
    "connect",
    "dashboard",
    "figure",
    "flush",
    "line",
    "links",
    "log",
    "number",
    "push",
    "revoke",
    "room",
    "rooms",
    "serve",
    "share",
    "show",
    "source",
    "sources",
    "status",
    "table",
    "track",
    "use",
]


import_module("concurrent.futures.thread")  # is refused once the main thread has ended, when others may use us first
_ENDED = threading.Event()


@atexit.register
def _end() -> None:
    """Exit handlers run, those first that were registered last."""
    _ENDED.set()
    process = getattr(sys.modules.get("livedash.client.process"), "PROCESS", None)  # a thread may be about to import it
    if process is not None:
        process.end()


def __getattr__(name: str) -> Any:
    if name == "sources":
        return import_module("livedash.sources")
    if name in __all__:
        from livedash import api

        if _ENDED.is_set():  # an exit handler uses us first
            from livedash.client.process import PROCESS

            PROCESS.end()
        value = getattr(api, name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'livedash' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext livedash`."""
    from livedash.magics import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    from livedash.magics import unload

    unload(shell)
