from __future__ import annotations

from pathlib import Path

from tests.end_to_end.jupyter import Front, JupyterServer


def test_jupyter_server_that_asks_everybody_for_a_login_finds_no_fault_with_our_routes(tmp_path: Path) -> None:
    folder = tmp_path / "root"
    folder.mkdir()
    strict = {"ServerApp.allow_unauthenticated_access": False}
    with JupyterServer(Front.LAB, folder, tmp_path / "home", settings=strict) as server:
        assert server.request("livedash/rooms") == {"rooms": []}
        # a JupyterServerAuthWarning lists such routes as "- GET of Handler registered for pattern"
        faults = [line for line in server.process.log().splitlines() if line.startswith("- ") and " of " in line]
    assert [line for line in faults if "livedash" in line.lower()] == []
