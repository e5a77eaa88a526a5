from __future__ import annotations

import asyncio
import contextlib
import stat
from pathlib import Path
from typing import Any

import pytest

from livedash import limits
from livedash.core.hub import Hub
from livedash.errors import SettingRefusedError
from livedash.server.config import ServerConfig
from livedash.server.data_dir import DataDir
from livedash.server.services import new_id
from tests.server.served import NOBODY, Served, json_of, serve, until


def made(**config: Any) -> DataDir:
    return DataDir(ServerConfig(**config), Hub(new_id), asyncio.get_running_loop(), new_id)


async def test_without_a_directory_there_is_nothing_to_wait_for_or_to_tell(served: Served) -> None:
    assert served.services.data_dir.is_open
    assert json_of(await served.get("status"))["data_dir"] is None
    assert served.services.data_dir.why_not_kept() is None


async def test_rooms_outlive_their_server(tmp_path: Path) -> None:
    served = await serve(data_dir=str(tmp_path / "data"))
    cursor = await served.push({"n": 1}, {"n": 2})
    state = json_of(await served.get("status"))["data_dir"]
    assert (state["state"], state["path"]) == ("kept", str(tmp_path / "data"))
    await served.close()
    again = await serve(data_dir=str(tmp_path / "data"))
    assert json_of(await again.get("rooms/train/records")) == [{"n": 1}, {"n": 2}]
    assert await again.push({"n": 3}) == cursor.replace("-2", "-3")
    await again.close()


async def test_home_directory_may_be_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    data_dir = made(data_dir="~/data")
    await data_dir.open()
    await data_dir.close()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"data_dir_bytes": 1000}, f"1000 bytes is too small; give {4 * limits.STORE_LOG_BYTES} or more"),
        ({"data_dir": "/proc/nowhere/data"}, "can't be written"),
    ],
)
async def test_a_directory_that_can_not_be_is_refused_and_the_port_is_free_again(
    tmp_path: Path, config: dict[str, Any], reason: str
) -> None:
    first = await serve()
    port = first.running.services.config.listening_url
    await first.close()
    assert port is not None
    for _ in range(2):
        with pytest.raises(SettingRefusedError, match=reason):
            await serve(**{"port": int(port.rpartition(":")[2]), "data_dir": str(tmp_path), **config})


async def test_a_host_that_has_more_to_do_goes_on_in_memory_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = made(data_dir=str(tmp_path)), made(data_dir=str(tmp_path))
    await first.open()
    await second.open_or_go_on()
    assert second.is_open
    reason = second.why_not_kept()
    assert reason is not None
    assert reason.startswith("rooms are not kept on disk: ")
    assert "in use by another livedash" in reason
    assert reason in caplog.text
    await second.close()
    await first.close()


async def test_who_asks_while_rooms_are_read_from_disk_waits_for_them(served: Served, tmp_path: Path) -> None:
    """As in Jupyter, whose server listens before its extensions have begun."""
    services = served.services
    services.data_dir = DataDir(ServerConfig(data_dir=str(tmp_path)), served.hub, services.loop, new_id)
    ready = await served.get("health/ready")
    assert (ready.code, json_of(ready, 503)) == (
        503,
        {"status": "not ready", "reason": "the rooms are being read from disk"},
    )
    assert json_of(await served.get("health/ready", headers=NOBODY), 503) == {"status": "not ready"}
    assert json_of(await served.get("health/live"))["status"] == "live"
    asked = asyncio.ensure_future(served.get("rooms"))
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(asked), 0.1)
    assert not asked.done()
    await services.data_dir.open()
    assert json_of(await asked) == {"rooms": []}


async def test_a_hub_that_has_ended_refuses_what_comes_late(tmp_path: Path) -> None:
    served = await serve(data_dir=str(tmp_path))
    await served.push({"n": 1})
    await served.services.data_dir.close()
    refused = await served.post("rooms/train/records", {"n": 2})
    assert (refused.code, refused.headers["Retry-After"]) == (503, "2")
    await served.close()


async def test_a_failing_disk_is_a_reason_but_no_end(tmp_path: Path) -> None:
    served = await serve(data_dir=str(tmp_path / "data"))
    await served.push({"n": 1})
    keeper = served.services.data_dir._keeper
    assert keeper is not None
    keeper._writer._fail("no space left on device")
    await until(lambda: served.services.data_dir.why_not_kept() is not None, "it is told")
    ready = json_of(await served.get("health/ready"))
    assert ready == {"status": "ready", "reason": "rooms are not kept on disk: no space left on device"}
    assert json_of(await served.get("health/ready", headers=NOBODY)) == {"status": "ready"}
    await served.close()
