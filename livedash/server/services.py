"""All that the routes of one server share: the hub, its stage and data directory, links, dashboards, configuration."""

from __future__ import annotations

import asyncio
import secrets
import string
from collections.abc import Callable
from typing import Final

from livedash import clock, limits
from livedash.core.changes import Append, Change, Result
from livedash.core.grant import Grant
from livedash.core.hub import Hub
from livedash.core.settings import RoomSettings
from livedash.errors import LimitReachedError, LivedashError, SettingRefusedError
from livedash.server.config import ServerConfig
from livedash.server.data_dir import DataDir
from livedash.sharing.registry import LinkRegistry
from livedash.transports.viewer import Stage
from livedash.wire.messages import ByeReason
from livedash.wire.position import Position
from livedash.wire.specs import DashboardSpec

_ID_LETTERS: Final = string.ascii_lowercase + string.digits
_ID_CHARACTERS: Final = 8
_MAX_DASHBOARDS: Final = 1000


def new_id() -> str:
    """A random text of [a-z0-9]."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_CHARACTERS))


class Services:
    """Made on the thread of `loop`, and used on it alone."""

    def __init__(self, config: ServerConfig, loop: asyncio.AbstractEventLoop) -> None:
        self.config = config
        self.loop = loop
        self.hub = Hub(
            new_id,
            history_bytes=config.hub_history_bytes,
            connections=config.connections,
            defaults=RoomSettings(history_bytes=config.history_bytes),
        )
        self.data_dir = DataDir(config, self.hub, loop, new_id)
        self.links = LinkRegistry(secrets.token_bytes)
        self.stage = Stage(self.hub, loop, clock.now_us, self.why_ended)
        self.is_draining = False
        self.browser_origin: str | None = None  # of the last request of a logged-in browser
        self.started_at_s = clock.now_s()
        self._dashboards: dict[str, DashboardSpec] = {}

    # Rooms

    async def write(self, change: Change) -> Result:
        """Raises what the change raises."""
        done = asyncio.get_running_loop().create_future()
        self.stage.writes.submit(change, lambda result: None if done.done() else done.set_result(result))
        result: Result = await done
        if isinstance(result, LivedashError):
            raise result
        return result

    async def append(self, change: Append) -> Position:
        """Where its last record lies. Raises what the change raises."""
        position = await self.write(change)
        assert isinstance(position, Position)
        return position

    # Dashboards

    def dashboard(self, name: str) -> DashboardSpec | None:
        return self._dashboards.get(name)

    def put_dashboard(self, name: str, spec: DashboardSpec) -> None:
        """Raises LimitReachedError or SettingRefusedError."""
        if not name or len(name) > limits.LINK_LABEL_CHARACTERS:
            raise SettingRefusedError(f"a dashboard's name has 1 to {limits.LINK_LABEL_CHARACTERS} characters")
        if name not in self._dashboards and len(self._dashboards) >= _MAX_DASHBOARDS:
            raise LimitReachedError(f"this server has its {_MAX_DASHBOARDS} dashboards already")
        self._dashboards[name] = spec

    def dashboards(self) -> dict[str, DashboardSpec]:
        return dict(self._dashboards)

    # Links

    def grant_of_key(self, key: str) -> Grant | None:
        """What a link's key gives; None for a wrong, expired or revoked one, which must look alike."""
        link = self.links.find(key, clock.now_s())
        if link is None:
            return None
        return Grant(f"link:{link.id}", read=link.rooms, link_id=link.id, label=link.label)

    def why_ended(self, grant: Grant) -> ByeReason | None:
        return None if grant.link_id is None else self.links.why_ended(grant.link_id, clock.now_s())

    def link_viewers(self, link_id: str) -> int:
        return sum(session.grant.link_id == link_id for session in self.hub.sessions())

    def end_viewers(self, ends: Callable[[Grant], bool], reason: ByeReason) -> None:
        """Ends the open streams of the grants that `ends` says."""
        for viewer in self.stage.viewers():
            if ends(viewer.session.grant):
                viewer.end(reason)

    async def close(self) -> None:
        """After the last connection: what the hub has is on disk then, where it has a data directory."""
        await self.data_dir.close()
        self.stage.close()
