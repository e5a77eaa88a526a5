"""A Jupyter server with the extension, in the test's own loop, on a free port and under an awkward base URL."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpserver import HTTPServer
from tornado.log import access_log, app_log, gen_log
from tornado.netutil import bind_sockets
from traitlets.config import Config

from livedash_jupyter.app import LiveDash
from tests.server.served import TOKEN, Served

BASE_URL = "/a%40b/"


class JupyterServed(Served):
    """`app` is the server, `extension` ours in it."""

    def __init__(self, app: ServerApp, server: HTTPServer, port: int) -> None:
        self.app, self._server = app, server
        self.extension: LiveDash = app.extension_manager.extension_apps["livedash_jupyter"].copy().pop()
        url = f"http://127.0.0.1:{port}{BASE_URL}livedash/"
        hosted: Any = SimpleNamespace(url=url, token=TOKEN, services=self.extension.services, drain=self._end)
        super().__init__(hosted)
        self.origin = f"http://127.0.0.1:{port}"

    async def login(self) -> dict[str, str]:
        """The headers of a browser that opened Jupyter with its token: cookies, and the header that writes need."""
        answer = await self.request(f"{BASE_URL}api/me", headers={}, params={"token": TOKEN})
        page = await self.request(f"{BASE_URL}login", headers={})
        cookies = [
            header.partition(";")[0] for each in (answer, page) for header in each.headers.get_list("Set-Cookie")
        ]
        xsrf = next(cookie.partition("=")[2] for cookie in cookies if cookie.startswith("_xsrf="))
        kept = {cookie.partition("=")[0]: cookie for cookie in reversed(cookies)}
        kept["_xsrf"] = f"_xsrf={xsrf}"
        return {"Cookie": "; ".join(kept.values()), "X-XSRFToken": xsrf}

    async def _end(self) -> None:
        await self.app._cleanup()
        self._server.stop()
        await self._server.close_all_connections()
        ServerApp.clear_instance()


async def jupyter(folder: Path, monkeypatch: pytest.MonkeyPatch, **traits: Any) -> JupyterServed:
    """`traits` as on the command line: `LiveDash_public_url="…"`."""
    for name in ("CONFIG", "DATA", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(folder / name.lower()))
    monkeypatch.delenv("LIVEDASH_SOCKET", raising=False)
    for logger in (access_log, app_log, gen_log):  # which Jupyter gives its own name, and the process keeps
        monkeypatch.setattr(logger, "name", logger.name)
    (listener,) = bind_sockets(0, "127.0.0.1")
    port = listener.getsockname()[1]
    config = Config(
        {
            "ServerApp": {
                "jpserver_extensions": {"livedash_jupyter": True},
                "root_dir": str(folder),
                "base_url": BASE_URL,
                "port": port,
                "port_retries": 0,
                "open_browser": False,
                "allow_root": True,
            },
            "IdentityProvider": {"token": TOKEN},
        }
    )
    for name, value in traits.items():
        section, _, trait = name.partition("_")
        config[section][trait] = value
    ServerApp.clear_instance()
    app = ServerApp.instance(config=config)
    monkeypatch.setattr(app, "init_signal", lambda: None)
    app.initialize(argv=[], find_extensions=False, new_httpserver=False)
    app.log.propagate, app.log.handlers = True, []
    await app._post_start()
    server = HTTPServer(app.web_app)
    server.add_socket(listener)
    return JupyterServed(app, server, port)
