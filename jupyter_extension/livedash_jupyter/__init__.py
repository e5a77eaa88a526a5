"""The Jupyter server extension of livedash: what is only true inside a Jupyter server."""

from __future__ import annotations

from typing import Any

from livedash.version import __version__

__all__ = ["__version__"]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from livedash_jupyter.app import LiveDash

    return [{"module": "livedash_jupyter", "app": LiveDash}]
