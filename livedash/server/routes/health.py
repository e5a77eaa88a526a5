"""`health` and `status`: whether the server lives and takes viewers; open to all, reasons only for who is logged in."""

from __future__ import annotations

import os

import msgspec

from livedash import clock
from livedash.errors import NotAllowedError
from livedash.server.routes.route import Route
from livedash.server.static_files import front_end_version
from livedash.version import __version__


class HealthRoute(Route):
    """Open; a login adds what only the owner may know. Nothing of the request can make it fail."""

    is_open = True

    async def knows_caller(self) -> bool:
        return await self.host_login() is not None


class Live(HealthRoute):
    """`health/live`"""

    async def get(self) -> None:
        content: dict[str, object] = {
            "status": "live",
            "version": __version__,
            "front_end": front_end_version(),
            "save_after_show": self.services.config.save_after_show,
        }
        if await self.knows_caller():
            content["pid"] = os.getpid()
        self.answer(content)


class Ready(HealthRoute):
    """`health/ready`"""

    async def get(self) -> None:
        reason = self._why_not_ready()
        content = {"status": "not ready" if reason else "ready"}
        told = reason or self.services.data_dir.why_not_kept() or self.services.replication.why_away()
        if told and await self.knows_caller():
            content["reason"] = told
        self.answer(content, 503 if reason else 200)

    def _why_not_ready(self) -> str | None:
        """A hub whose disk or broker fails goes on in memory: that is told, and is no reason to send it nobody."""
        if self.services.is_draining:
            return "the server is draining"
        if not self.services.replication.is_open:
            return self.services.replication.why_away()
        return None if self.services.data_dir.is_open else "the rooms are being read from disk"


class Status(Route):
    """`status`: counts of all rooms, so that no link reads it."""

    def get(self) -> None:
        if self.grant.link_id is not None:
            raise NotAllowedError("a share link reads its rooms and nothing else; log in for the server's status")
        hub = self.services.hub
        statistics = msgspec.to_builtins(hub.statistics())
        uptime_s = round(clock.now_s() - self.services.started_at_s, 1)
        data_dir = self.services.data_dir.state()
        self.answer(
            {
                "version": __version__,
                "uptime_s": uptime_s,
                **statistics,
                "connections_refused": hub.connections.statistics().refused,
                "publishes_put_off": self.services.stage.rates.statistics().put_off,
                "slow_viewers": self.services.stage.slow_viewers(),
                "data_dir": data_dir,
                "broker": self.services.replication.state(),
            }
        )
