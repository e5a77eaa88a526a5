"""`links`: make, list and revoke share links."""

from __future__ import annotations

from typing import Any

import msgspec

from livedash import clock, limits
from livedash.errors import NotAllowedError, ProtocolError
from livedash.server.public_url import public_base
from livedash.server.routes.route import Route
from livedash.wire.specs import dashboard_of_json


class ShareRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Either `rooms`, names or globs, or a `dashboard` whose rooms are shared."""

    rooms: tuple[str, ...] = ()
    expires_s: float = limits.LINK_EXPIRES_S
    label: str = ""
    dashboard: dict[str, Any] | None = None


class SharingRoute(Route):
    """For who is logged in only."""

    async def prepare(self) -> None:
        await super().prepare()
        if not self._finished and self.request.method != "OPTIONS" and not self.grant.may_share:
            raise NotAllowedError("only who is logged in can share; a link can't make links")


class Links(SharingRoute):
    """`links`"""

    def get(self) -> None:
        links = self.services.links.list(clock.now_s())
        self.answer(
            {
                "links": [
                    {
                        "id": link.id,
                        "rooms": link.rooms,
                        "label": link.label,
                        "expires_at": link.expires_at_s,
                        "viewers": self.services.link_viewers(link.id),
                    }
                    for link in links
                ]
            }
        )

    async def post(self) -> None:
        request = self._request()
        dashboard = dashboard_of_json(request.dashboard) if request.dashboard is not None else None
        rooms = request.rooms or (dashboard.rooms if dashboard else ())
        link, key = await self.services.create_link(
            rooms, request.expires_s, request.label, dashboard, self.grant.principal
        )
        base, note = public_base(self.services)
        self.answer(
            {
                "id": link.id,
                "url": f"{base}view?key={key}",
                "feed_url": f"{base}feed?key={key}",
                "key": key,
                "expires_at": link.expires_at_s,
                "rooms": link.rooms,
                "label": link.label,
                "note": note,
            },
            status=201,
        )

    def _request(self) -> ShareRequest:
        try:
            return msgspec.convert(self.json_body(), ShareRequest)
        except msgspec.ValidationError as error:
            raise ProtocolError(
                f'{error}; share by {{"rooms": ["train"], "expires_s": 28800, "label": "…"}}'
            ) from error


class OneLink(SharingRoute):
    """`links/{id}`"""

    async def delete(self, link_id: str) -> None:
        await self.services.revoke_link(link_id)
        self.set_status(204)
        self.finish()
