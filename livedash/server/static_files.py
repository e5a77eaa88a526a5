"""The front end's built files, read once; plotly.js comes from the installed plotly package."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources, util
from pathlib import Path
from typing import Final

PLOTLY: Final = "plotly.min.js"
_TYPES: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    content_type: str
    content: bytes
    zipped: bytes
    etag: str


@lru_cache(maxsize=64)
def static_file(name: str) -> StaticFile | None:
    """A file of the front end, None if there is no such. `name` is one segment: no path can be asked for."""
    suffix = Path(name).suffix
    if suffix not in _TYPES or Path(name).name != name:
        return None
    path = _plotly_file() if name == PLOTLY else resources.files("livedash") / "frontend" / "dist" / name
    if path is None or not path.is_file():
        return None
    content = path.read_bytes()
    etag = hashlib.sha256(content).hexdigest()[:20]
    return StaticFile(_TYPES[suffix], content, gzip.compress(content, 6), f'"{etag}"')


@lru_cache(maxsize=1)
def front_end_version() -> str:
    """Changes with each build, so that a browser that keeps files for ever takes the new ones."""
    files = [static_file(name) for name in ("client.js", "page.js")]
    return hashlib.sha256("".join(file.etag for file in files if file).encode()).hexdigest()[:12]


def _plotly_file() -> Path | None:
    """Found without importing plotly, which takes a while."""
    found = util.find_spec("plotly")
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "package_data" / PLOTLY
