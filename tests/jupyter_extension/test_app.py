from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
from tornado.httpclient import HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient

import livedash_jupyter
from livedash import limits
from livedash.version import __version__
from livedash_jupyter.app import SOCKET_VARIABLE, LiveDash, socket_path
from tests.jupyter_extension.conftest import Start
from tests.jupyter_extension.jupyter_host import BASE_URL, JupyterServed
from tests.server.served import NOBODY, OWNER, json_of
from tests.server.test_app import ToSocket


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_jupyter_finds_the_extension_by_its_module() -> None:
    assert livedash_jupyter._jupyter_server_extension_points() == [{"module": "livedash_jupyter", "app": LiveDash}]
    assert livedash_jupyter.__version__ == __version__


async def test_the_routes_lie_below_the_base_url(served: JupyterServed) -> None:
    assert served.services.config.base_path == f"{BASE_URL}livedash/"
    assert json_of(await served.get("health/ready", headers=NOBODY)) == {"status": "ready"}


async def test_without_configuration_it_keeps_to_the_limits(served: JupyterServed) -> None:
    config = served.services.config
    assert (config.public_url, config.frame_ancestors, config.save_after_show) == (None, ("'self'",), True)
    assert (config.history_bytes, config.hub_history_bytes, config.drain_s) == (
        limits.HISTORY_BYTES,
        limits.HUB_HISTORY_BYTES,
        limits.DRAIN_S,
    )


async def test_each_setting_reaches_the_server(start: Start) -> None:
    served = await start(
        LiveDash_public_url="https://lab.example",
        LiveDash_frame_ancestors=["'self'", "https://lab.example"],
        LiveDash_history_bytes=1000,
        LiveDash_hub_history_bytes=2000,
        LiveDash_connections=3,
        LiveDash_address_connections=4,
        LiveDash_link_connections=5,
        LiveDash_rooms_per_connection=6,
        LiveDash_record_bytes=1000,
        LiveDash_publish_body_bytes=9_000_000,
        LiveDash_publish_rate_records=7.5,
        LiveDash_publish_rate_bytes=8.5,
        LiveDash_drain_s=0.5,
        LiveDash_save_after_show=False,
    )
    config = served.services.config
    assert (config.history_bytes, config.hub_history_bytes, config.drain_s) == (1000, 2000, 0.5)
    assert (config.connections, config.address_connections, config.link_connections) == (3, 4, 5)
    assert config.rooms_per_connection == 6
    assert (config.record_bytes, config.publish_body_bytes) == (1000, 9_000_000)
    assert (config.publish_rate_records, config.publish_rate_bytes) == (7.5, 8.5)
    assert config.frame_ancestors == ("'self'", "https://lab.example")
    assert json_of(await served.get("health/live"))["save_after_show"] is False
    assert (await served.share())["url"].startswith(f"https://lab.example{BASE_URL}livedash/view?key=")


@pytest.mark.parametrize(
    ("ip", "host"),
    [("localhost", "localhost"), ("0.0.0.0", "{name}"), ("*", "{name}"), ("10.0.0.1", "10.0.0.1"), ("::1", "[::1]")],
)
async def test_links_carry_an_address_at_which_the_server_listens(start: Start, ip: str, host: str) -> None:
    served = await start(ServerApp_ip=ip)
    name = host.format(name=socket.gethostname())
    assert served.services.config.listening_url == f"http://{name}:{served.app.port}"


async def test_a_server_with_a_certificate_listens_by_https(start: Start, tmp_path: Path) -> None:
    served = await start(ServerApp_certfile=str(tmp_path / "cert.pem"))
    assert (served.services.config.listening_url or "").startswith("https://")


# The socket of kernels


async def test_kernels_publish_by_a_socket_that_only_its_owner_opens(served: JupyterServed, tmp_path: Path) -> None:
    path = served.extension.socket_path
    assert os.environ[SOCKET_VARIABLE] == str(path)
    assert path == tmp_path / "runtime" / f"livedash-{os.getpid()}.sock"
    assert (mode_of(path), mode_of(path.parent)) == (0o600, 0o700)
    client = SimpleAsyncHTTPClient(force_instance=True, resolver=ToSocket(path=str(path)))
    url = "http://hub/livedash/rooms/train/records"
    assert json_of(await client.fetch(HTTPRequest(url, method="POST", body='{"n": 1}')))["offset"] == 1
    client.close()
    assert json_of(await served.get("rooms/train", headers=OWNER))["offset"] == 1


async def test_a_server_that_stops_takes_its_socket_with_it(start: Start) -> None:
    served = await start()
    path = served.extension.socket_path
    await served.extension.stop_extension()
    assert not is_there(path)
    assert SOCKET_VARIABLE not in os.environ


async def test_another_servers_socket_is_left_in_the_environment(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    served = await start()
    monkeypatch.setenv(SOCKET_VARIABLE, "/elsewhere")
    await served.extension.stop_extension()
    assert os.environ[SOCKET_VARIABLE] == "/elsewhere"


async def test_a_folder_that_is_too_deep_for_a_socket_is_done_without(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("livedash_jupyter.app._SOCKET_PATH_BYTES", 0)
    served = await start()
    path = served.extension.socket_path
    assert path.name == "hub.sock"
    assert (is_there(path), mode_of(path.parent), tmp_path in path.parents) == (True, 0o700, False)
    await served.extension.stop_extension()
    assert not is_there(path.parent)


async def test_a_system_without_such_sockets_serves_without_one(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livedash_jupyter.app.socket_server", None)
    monkeypatch.setattr("livedash_jupyter.app._HAS_SOCKETS", False)
    served = await start()
    assert SOCKET_VARIABLE not in os.environ
    assert json_of(await served.get("health/ready", headers=NOBODY)) == {"status": "ready"}
    await served.extension.stop_extension()


def test_a_path_names_the_server_by_its_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "run"))
    path = socket_path()
    assert path == tmp_path / "run" / f"livedash-{os.getpid()}.sock"
    assert mode_of(path.parent) == 0o700


def is_there(path: Path) -> bool:
    return path.exists()


# The end


async def test_viewers_are_told_to_come_back_and_the_hub_ends(served: JupyterServed) -> None:
    async with await served.stream(room="train") as stream:
        await stream.next()
        await served.extension.stop_extension()
        events = await stream.rest()
    assert [event.event for event in events] == ["livedash.bye"]
    assert json_of(await served.get("health/ready", headers=NOBODY), 503) == {"status": "not ready"}
