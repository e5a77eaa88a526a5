"""`dashboards`: named grids of panels, for `view?dashboard=name`."""

from __future__ import annotations

import msgspec

from livedash.errors import NotFoundError
from livedash.server.routes.links import SharingRoute
from livedash.wire.specs import dashboard_of_json


class Dashboards(SharingRoute):
    """`dashboards`"""

    def get(self) -> None:
        self.answer({"dashboards": sorted(self.services.dashboards())})


class OneDashboard(SharingRoute):
    """`dashboards/{name}`"""

    def get(self, name: str) -> None:
        spec = self.services.dashboard(name)
        if spec is None:
            raise NotFoundError(f"there is no dashboard {name!r}")
        self.answer(msgspec.to_builtins(spec))

    async def put(self, name: str) -> None:
        await self.services.put_dashboard(name, dashboard_of_json(self.json_body()))
        self.set_status(204)
        self.finish()
