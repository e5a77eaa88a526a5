"""livedash: see numbers move while the code runs. `import livedash as ld`, then `ld.push`, `ld.show`, `ld.share`.

Names come when they are first used, so that the import itself takes a few milliseconds.
"""

from __future__ import annotations

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


def __getattr__(name: str) -> Any:
    if name == "sources":
        import importlib

        return importlib.import_module("livedash.sources")
    if name in __all__:
        from livedash import api

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
