"""Rooms: list, state, settings, remove, empty."""

from __future__ import annotations

from typing import Any

import msgspec

from livedash.core.changes import Clear, Configure, Delete
from livedash.core.hub import Hub
from livedash.core.room import Room
from livedash.errors import SettingRefusedError
from livedash.server.routes.route import Route
from livedash.wire.names import checked_room


def room_state(hub: Hub, room: Room) -> dict[str, Any]:
    """What a reader may know of a room."""
    history = room.history
    return {
        "name": room.name,
        "epoch": room.epoch,
        "offset": history.top,
        "first": history.first,
        "records": history.records,
        "bytes": history.nbytes,
        "viewers": len(hub.viewers(room.name)),
        "publishers_dropped": room.publishers.dropped,
        "settings": msgspec.to_builtins(room.settings),
    }


class Rooms(Route):
    """`rooms`"""

    def get(self) -> None:
        hub = self.services.hub
        names = sorted(self.grant.readable(hub.rooms))
        self.answer({"rooms": [room_state(hub, hub.rooms[name]) for name in names]})


class OneRoom(Route):
    """`rooms/{room}`"""

    def get(self, name: str) -> None:
        self.grant.check_read(name)
        self._answer_state(self.services.hub.room(name))

    async def put(self, name: str) -> None:
        self.grant.check_write(checked_room(name))
        changes = self.json_body()
        if not isinstance(changes, dict):
            raise SettingRefusedError('a room\'s settings are one JSON object, such as {"history_records": 1000}')
        await self.services.replication.write(Configure(name, changes))
        self._answer_state(self.services.hub.room(name))

    async def delete(self, name: str) -> None:
        self.grant.check_write(name)
        await self.services.replication.write(Delete(name))
        self.set_status(204)
        self.finish()

    def _answer_state(self, room: Room) -> None:
        self.answer(room_state(self.services.hub, room))


class RoomPresence(Route):
    """`rooms/{room}/presence`: also of a room that is still to begin, for which viewers may wait."""

    def get(self, name: str) -> None:
        self.grant.check_read(checked_room(name))
        viewers = self.services.hub.viewers(name, self.grant)
        self.answer({"room": name, "viewers": viewers})


class ClearRoom(Route):
    """`rooms/{room}/clear`"""

    async def post(self, name: str) -> None:
        self.grant.check_write(name)
        await self.services.replication.write(Clear(name))
        position = self.services.hub.room(name).position
        self.answer({"epoch": position.epoch, "offset": position.offset})
