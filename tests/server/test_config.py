from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from livedash import limits
from livedash.server.config import ServerConfig
from tests.server.served import Served, json_of


def test_a_server_that_is_told_nothing_keeps_to_the_limits() -> None:
    config = ServerConfig()
    assert (config.history_bytes, config.hub_history_bytes) == (limits.HISTORY_BYTES, limits.HUB_HISTORY_BYTES)
    assert (config.connections, config.drain_s) == (limits.CONNECTIONS, limits.DRAIN_S)
    assert (config.base_path, config.public_url, config.frame_ancestors) == ("/livedash/", None, ("'self'",))


def test_a_configuration_is_replaced_and_never_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        ServerConfig().drain_s = 1.0  # type: ignore[misc]
    assert all(field.default is not None or field.type == "str | None" for field in fields(ServerConfig))


async def test_what_is_replaced_while_a_server_runs_is_what_it_tells(served: Served) -> None:
    served.change(save_after_show=False)
    assert json_of(await served.get("health/live"))["save_after_show"] is False
