"""A hub in another process, asked over HTTP; messages go over its WebSocket, by websocket_channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from livedash import limits
from livedash.client.backoff import JITTER
from livedash.client.contract import History, HubReport, LinkInfo, LinkState, RoomState
from livedash.client.endpoint import Endpoint
from livedash.client.http import request
from livedash.client.retries import Retries
from livedash.clock import monotonic_s, sleep_s
from livedash.wire.batch import EMPTY
from livedash.wire.codec import batch_of_wire
from livedash.wire.messages import ViewerInfo, WireColumn
from livedash.wire.position import Position
from livedash.wire.specs import DashboardSpec


class _Columns(msgspec.Struct, frozen=True):
    """The body of `records?format=columns`."""

    epoch: str
    offset: int
    count: int
    times: bytes
    columns: dict[str, WireColumn]


class _Rooms(msgspec.Struct, frozen=True):
    rooms: list[RoomState]


class _Viewers(msgspec.Struct, frozen=True):
    viewers: list[ViewerInfo]


class _Links(msgspec.Struct, frozen=True):
    links: list[LinkState]


class RemoteHub:
    """HubAccess by the routes of a server.

    A hub that has answered before and does not now is asked again for limits.REQUEST_TIMEOUT_S: it is probably being
    restarted. One that never has may be no hub at all, which is told soon. `is_patient` False: any is asked once.
    """

    def __init__(self, endpoint: Endpoint, *, is_patient: bool = True) -> None:
        self.endpoint = endpoint
        self._is_patient = is_patient
        self._patience_s = limits.FIRST_ANSWER_S if is_patient else 0.0

    @property
    def address(self) -> str:
        return self.endpoint.address

    def at_once(self) -> RemoteHub:
        return RemoteHub(self.endpoint, is_patient=False)

    def rooms(self) -> list[RoomState]:
        return msgspec.json.decode(self._ask("GET", "rooms"), type=_Rooms).rooms

    def state(self, room: str) -> RoomState:
        return msgspec.json.decode(self._ask("GET", f"rooms/{room}"), type=RoomState)

    def viewers(self, room: str) -> list[ViewerInfo]:
        return msgspec.json.decode(self._ask("GET", f"rooms/{room}/presence"), type=_Viewers).viewers

    def configure(self, room: str, changes: dict[str, Any]) -> RoomState:
        return msgspec.json.decode(self._ask("PUT", f"rooms/{room}", changes), type=RoomState)

    def clear(self, room: str) -> Position:
        return msgspec.json.decode(self._ask("POST", f"rooms/{room}/clear", {}), type=Position)

    def delete(self, room: str) -> None:
        self._ask("DELETE", f"rooms/{room}")

    def read(self, room: str, since: str, limit: int) -> History:
        query = {"since": since, "limit": str(limit), "format": "columns"}
        page = msgspec.msgpack.decode(self._ask("GET", f"rooms/{room}/records", query=query), type=_Columns)
        batch = batch_of_wire(page.count, page.times, page.columns) if page.count else EMPTY
        return History(batch, Position(page.epoch, page.offset))

    def create_link(
        self, rooms: Sequence[str], expires_s: float, label: str, dashboard: DashboardSpec | None
    ) -> LinkInfo:
        body: dict[str, Any] = {"rooms": list(rooms), "expires_s": expires_s, "label": label}
        if dashboard is not None:
            body["dashboard"] = msgspec.to_builtins(dashboard)
        return msgspec.json.decode(self._ask("POST", "links", body), type=LinkInfo)

    def links(self) -> list[LinkState]:
        return msgspec.json.decode(self._ask("GET", "links"), type=_Links).links

    def revoke(self, link_id: str) -> None:
        self._ask("DELETE", f"links/{link_id}")

    def put_dashboard(self, name: str, spec: DashboardSpec) -> None:
        self._ask("PUT", f"dashboards/{name}", msgspec.to_builtins(spec))

    def report(self) -> HubReport:
        answer = request(self.endpoint, "GET", "status", timeout_s=limits.DISCOVERY_TIMEOUT_S)
        return msgspec.json.decode(answer.body, type=HubReport)

    def _ask(self, method: str, path: str, content: Any = None, query: Mapping[str, str] | None = None) -> bytes:
        body = None if content is None else msgspec.json.encode(content)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        again = Retries(method, self._patience_s, random=JITTER, now_s=monotonic_s, sleep_s=sleep_s)
        try:
            return request(self.endpoint, method, path, query=query, body=body, headers=headers, again=again).body
        finally:
            if again.is_answered and self._is_patient:
                self._patience_s = limits.REQUEST_TIMEOUT_S
