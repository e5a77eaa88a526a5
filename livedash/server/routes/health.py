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
        is_ready = not self.services.is_draining
        content = {"status": "ready" if is_ready else "not ready"}
        if not is_ready and await self.knows_caller():
            content["reason"] = "the server is draining"
        self.answer(content, 200 if is_ready else 503)


class Status(Route):
    """`status`: counts of all rooms, so that no link reads it."""

    def get(self) -> None:
        if self.grant.link_id is not None:
            raise NotAllowedError("a share link reads its rooms and nothing else; log in for the server's status")
        statistics = msgspec.to_builtins(self.services.hub.statistics())
        uptime_s = round(clock.now_s() - self.services.started_at_s, 1)
        self.answer({"version": __version__, "uptime_s": uptime_s, **statistics})
