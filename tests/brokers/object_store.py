"""As much of S3's protocol as tansu speaks, over files in a folder: what keeps a Kafka server's topics when it is killed."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from datetime import UTC, datetime
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

END_LIMIT_S = 10.0
POLL_S = 0.01


class ObjectStore:
    """One bucket, whatever its name. The files are read at each request, so a test may lay others in the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writing = threading.Lock()
        self._server = _StoreServer(self)
        self._thread = threading.Thread(target=self._server.serve_forever, name="object-store", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join(END_LIMIT_S)
        self._server.server_close()

    def wait_until_left(self) -> None:
        """Until what a killed client had asked for is done."""
        end_s = time.monotonic() + END_LIMIT_S
        while self._server.connections:
            if time.monotonic() > end_s:
                raise TimeoutError(f"{self._server.connections} connections of the killed client do not end")
            time.sleep(POLL_S)

    def get(self, key: str) -> bytes | None:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, key: str, content: bytes) -> None:
        """Whole or not at all, for whoever copies the folder meanwhile."""
        path = self._path(key)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_bytes(content)
        unfinished.rename(path)

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def entries(self, prefix: str) -> list[tuple[str, os.stat_result]]:
        """Each key that begins so, in order, with what the file system knows of it."""
        found = ((unquote(path.stem), path) for path in self.folder.glob("*.object"))
        return sorted((key, path.stat()) for key, path in found if key.startswith(prefix))

    def _path(self, key: str) -> Path:
        return self.folder / f"{quote(key, safe='')}.object"


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer is written in two pieces
    server: _StoreServer

    def handle(self) -> None:
        self.server.connections.add(self)
        try:
            super().handle()
        finally:
            self.server.connections.discard(self)

    def do_GET(self) -> None:
        if self._key:
            self._send_object()
        else:
            self._send_listing()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        """If-None-Match: * makes an object, If-Match replaces the one that the caller knows: how tansu appends."""
        content = self.rfile.read(int(self.headers["Content-Length"]))
        with self._store.writing:
            now = self._store.get(self._key)
            must_be_new = self.headers["If-None-Match"] == "*" and now is not None
            was_changed = self.headers["If-Match"] not in (None, now and _tag(now))
            if must_be_new or was_changed:
                self._answer(HTTPStatus.PRECONDITION_FAILED, b"<Error><Code>PreconditionFailed</Code></Error>")
                return
            self._store.put(self._key, content)
        self._answer(HTTPStatus.OK, tag=_tag(content))

    def do_DELETE(self) -> None:
        self._store.delete(self._key)
        self._answer(HTTPStatus.NO_CONTENT)

    def do_POST(self) -> None:
        """?delete: several at once."""
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        keys = re.findall("<Key>(.*?)</Key>", asked)
        with self._store.writing:
            for key in keys:
                self._store.delete(unescape(key))
        deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        self._answer(HTTPStatus.OK, f"<DeleteResult>{deleted}</DeleteResult>".encode())

    def log_message(self, *_: object) -> None:
        """Tests have the server's own log."""

    @property
    def _store(self) -> ObjectStore:
        return self.server.store

    @property
    def _key(self) -> str:
        """What follows the bucket's name."""
        return unquote(urlsplit(self.path).path).lstrip("/").partition("/")[2]

    def _send_object(self) -> None:
        content = self._store.get(self._key)
        if content is None:
            self._answer(HTTPStatus.NOT_FOUND, b"<Error><Code>NoSuchKey</Code></Error>")
        elif self.headers["If-None-Match"] == _tag(content):
            self._answer(HTTPStatus.NOT_MODIFIED)
        else:
            self._answer(HTTPStatus.OK, content, tag=_tag(content))

    def _send_listing(self) -> None:
        prefix = parse_qs(urlsplit(self.path).query).get("prefix", [""])[0]
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{entry.st_size}</Size>"
            f"<LastModified>{_iso(entry.st_mtime)}</LastModified></Contents>"
            for key, entry in self._store.entries(prefix)
        )
        self._answer(
            HTTPStatus.OK, f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode()
        )

    def _answer(self, status: HTTPStatus, body: bytes = b"", *, tag: str = "") -> None:
        self.send_response(status)
        if tag:
            self.send_header("ETag", tag)
            self.send_header("Last-Modified", formatdate(usegmt=True))
        if status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _StoreServer(ThreadingHTTPServer):
    daemon_threads = True  # a client may keep its connection

    def __init__(self, store: ObjectStore) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.store = store
        self.connections: set[_Request] = set()

    def handle_error(self, *_: object) -> None:
        """Of a client that was killed."""


def _iso(seconds: float) -> str:
    """To the microsecond: tansu takes the object that was written last for the topic's end."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()}"'
