"""`static`: front-end code. No secret is in it, so it needs no login."""

from __future__ import annotations

from livedash.errors import NotFoundError
from livedash.server.routes.route import Route
from livedash.server.static_files import static_file

_FOREVER_S = 365 * 24 * 3600


class Static(Route):
    is_open = True

    def get(self, name: str) -> None:
        file = static_file(name)
        if file is None:
            raise NotFoundError(f"there is no file {name!r}")
        self.set_header("Content-Type", file.content_type)
        self.set_header("Etag", file.etag)
        self.set_header("Vary", "Accept-Encoding")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Access-Control-Allow-Origin", "*")
        is_versioned = bool(self.get_query_argument("v", ""))
        self.set_header("Cache-Control", f"public, max-age={_FOREVER_S}, immutable" if is_versioned else "no-cache")
        if self.check_etag_header():
            self.set_status(304)
            self.finish()
        elif "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
            self.finish(file.zipped)
        else:
            self.finish(file.content)
