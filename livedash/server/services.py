"""All that the routes of one server share: the hub, its stage and data directory, links, dashboards, configuration."""

from __future__ import annotations

import asyncio
import secrets
import string
from collections.abc import Callable
from typing import Final

from livedash import clock, limits
from livedash.brokers.entries import AddLink, PutDashboard, RevokeLink
from livedash.brokers.state import SharedState
from livedash.core.changes import Append
from livedash.core.connections import ConnectionBounds
from livedash.core.grant import Grant
from livedash.core.hub import Hub
from livedash.core.publish_rate import PublishRate
from livedash.core.settings import RoomSettings
from livedash.errors import LimitReachedError, SettingRefusedError, UnreachableError
from livedash.server.config import ServerConfig
from livedash.server.data_dir import DataDir
from livedash.server.replication import Replication
from livedash.sharing.key import key_digest
from livedash.sharing.link import Link
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
        self.shared = self._empty_state()
        self.hub, self.links = self.shared.hub, self.shared.links
        self.data_dir = DataDir(config, self.hub, loop, new_id)
        rate = PublishRate(config.publish_rate_records, config.publish_rate_bytes)
        self.stage = Stage(
            self.hub,
            loop,
            clock.now_us,
            self.why_ended,
            rate,
            record_bytes=config.record_bytes,
            viewers_bytes=config.viewers_bytes,
        )
        self.replication = Replication(config, self.shared, self._empty_state, self.stage.clock_s, new_id)
        self.stage.writes = self.replication
        self.is_draining = False
        self.long_work = asyncio.Lock()
        self.browser_origin: str | None = None  # of the last request of a logged-in browser
        self.started_at_s = clock.now_s()

    def _empty_state(self) -> SharedState:
        config = self.config
        hub = Hub(
            new_id,
            history_bytes=config.hub_history_bytes,
            connections=ConnectionBounds(
                config.connections, config.address_connections, config.link_connections, config.rooms_per_connection
            ),
            defaults=RoomSettings(history_bytes=config.history_bytes),
        )
        return SharedState(hub, LinkRegistry(secrets.token_bytes), {})

    async def wait_until_open(self) -> None:
        """Until the rooms are there that this server begins with. Raises UnreachableError."""
        await self.data_dir.wait_until_open()
        await self.replication.wait_until_open()

    # Rooms

    async def append(self, change: Append) -> Position:
        """Where its last record lies. Raises what the change raises."""
        position = await self.replication.write(change)
        assert isinstance(position, Position)
        return position

    # Dashboards

    def dashboard(self, name: str) -> DashboardSpec | None:
        return self.shared.dashboards.get(name)

    async def put_dashboard(self, name: str, spec: DashboardSpec) -> None:
        """Raises LimitReachedError or SettingRefusedError."""
        if not name or len(name) > limits.LINK_LABEL_CHARACTERS:
            raise SettingRefusedError(f"a dashboard's name has 1 to {limits.LINK_LABEL_CHARACTERS} characters")
        if name not in self.shared.dashboards and len(self.shared.dashboards) >= _MAX_DASHBOARDS:
            raise LimitReachedError(f"this server has its {_MAX_DASHBOARDS} dashboards already")
        await self.replication.write(PutDashboard(name, spec))

    def dashboards(self) -> dict[str, DashboardSpec]:
        return dict(self.shared.dashboards)

    # Links

    async def create_link(
        self, rooms: tuple[str, ...], expires_s: float, label: str, dashboard: DashboardSpec | None, created_by: str
    ) -> tuple[Link, str]:
        """The link and its key, which is told here once and never again. Raises as LinkRegistry.make does."""
        link, key = self.links.make(rooms, expires_s, label, dashboard, clock.now_s(), created_by=created_by)
        await self.replication.write(AddLink(link, key_digest(key)))
        return link, key

    async def revoke_link(self, link_id: str) -> None:
        """Its streams end, here at once. Raises NotFoundError."""
        await self.replication.write(RevokeLink(link_id))
        self.end_viewers(lambda grant: grant.link_id == link_id, "revoked")

    def grant_of_key(self, key: str) -> Grant | None:
        """What a link's key gives; None for a wrong, expired or revoked one, which must look alike.

        Raises UnreachableError where a link can't be known to be good.
        """
        if self.replication.is_cut_off:
            raise UnreachableError("share links can't be checked for the moment; try again soon")
        link = self.links.find(key, clock.now_s())
        if link is None:
            return None
        return Grant(f"link:{link.id}", read=link.rooms, link_id=link.id, label=link.label)

    def why_ended(self, grant: Grant) -> ByeReason | None:
        if grant.link_id is None:
            return None
        ended = self.links.why_ended(grant.link_id, clock.now_s())
        return ended or ("idle" if self.replication.is_cut_off else None)

    def link_viewers(self, link_id: str) -> int:
        return self.hub.presence.by_link(link_id)

    def end_viewers(self, ends: Callable[[Grant], bool], reason: ByeReason) -> None:
        """Ends the open streams of the grants that `ends` says."""
        for viewer in self.stage.viewers():
            if ends(viewer.session.grant):
                viewer.end(reason)

    async def close(self) -> None:
        """After the last connection: what the hub has is on disk then, where it has a data directory."""
        await self.data_dir.close()
        await self.replication.close()
        self.stage.close()
