"""Who views which room at other hubs of the same broker, as far as they have said; no clock, no I/O.

What a hub says of itself is true until it says otherwise. A hub that is gone has said nothing of its viewers: they have
limits.PRESENCE_GRACE_S to come back at another one, as after any cut.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from livedash import limits
from livedash.core.grant import Grant
from livedash.wire.messages import ViewerInfo

Node = str


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A viewer, as it is shown."""

    info: ViewerInfo
    link_id: str | None

    @property
    def id(self) -> str:
        return self.info.id

    def seen_by(self, grant: Grant) -> ViewerInfo:
        """A label is its maker's note, and a login's name is nobody's business outside: a link's reader sees its own only."""
        if grant.link_id is None or grant.link_id == self.link_id:
            return self.info
        return ViewerInfo(self.id, "", self.info.since)

    def earlier(self, other: Seen | None) -> Seen:
        """Of the two that show one viewer, the one since when it has been there."""
        return self if other is None or self.info.since <= other.info.since else other


Move = tuple[str, Seen]  # a room, and who came or left


class Elsewhere:
    """As one hub knows the others."""

    def __init__(self) -> None:
        self._of_node: dict[Node, dict[tuple[str, str], Seen]] = {}  # by room and id
        self._in_room: dict[str, dict[str, dict[Node, Seen]]] = {}  # by id
        self._unnamed: dict[Node, set[tuple[str, str]]] = {}  # by one that names all its viewers, up to now
        self._gone: dict[Node, float | None] = {}  # until when its viewers may come back; None: since the last look

    def __bool__(self) -> bool:
        return bool(self._of_node)

    @property
    def nodes(self) -> list[Node]:
        """That have spoken, and are not gone."""
        return [node for node in self._of_node if node not in self._gone]

    def take(
        self,
        node: Node,
        came: Iterable[Move],
        left: Iterable[tuple[str, str]],
        *,
        is_all: bool = False,
        more: bool = False,
    ) -> tuple[list[Move], list[Move]]:
        """What a hub says of its viewers. Who came and who left by that, of all other hubs.

        `is_all`: it has no others than these and, with `more`, those that it names next.
        """
        self._gone.pop(node, None)
        held = self._of_node.setdefault(node, {})
        came = [*came]
        ended = {*left} & held.keys()
        unnamed = set(held) if is_all else self._unnamed.pop(node, set())
        unnamed -= {(room, seen.id) for room, seen in came}
        if more:
            self._unnamed[node] = unnamed
        else:
            ended |= unnamed & held.keys()
        new = [move for move in came if not self.has(move[0], move[1].id)]
        for room, seen in came:
            held[room, seen.id] = seen
            self._in_room.setdefault(room, {}).setdefault(seen.id, {})[node] = seen
        return new, [move for place in sorted(ended) if (move := self._take_out(node, *place))]

    def miss(self, node: Node) -> None:
        """The hub does not say any more that it is there."""
        if node in self._of_node:
            self._gone.setdefault(node, None)

    def take_left(self, now_s: float) -> list[Move]:
        """The viewers of hubs that are gone, which did not come back in time; each once."""
        over = [node for node, until_s in self._gone.items() if until_s is not None and until_s <= now_s]
        for node, until_s in self._gone.items():
            if until_s is None:
                self._gone[node] = now_s + limits.PRESENCE_GRACE_S
        found: list[Move] = []
        for node in over:
            del self._gone[node]
            found += [move for place in list(self._of_node[node]) if (move := self._take_out(node, *place))]
            del self._of_node[node]
            self._unnamed.pop(node, None)
        return found

    def has(self, room: str, viewer_id: str) -> bool:
        """At another hub, or it may still come back from one that is gone."""
        return viewer_id in self._in_room.get(room, ())

    def viewers(self, room: str) -> list[Seen]:
        """Who is there now, each once."""
        found = []
        for of_nodes in self._in_room.get(room, {}).values():
            there = [seen for node, seen in of_nodes.items() if node not in self._gone]
            if there:
                found.append(min(there, key=lambda seen: seen.info.since))
        return found

    def by_link(self, link_id: str) -> set[str]:
        """The ids of those that came by it."""
        return {
            viewer_id
            for node in self.nodes
            for (_, viewer_id), seen in self._of_node[node].items()
            if seen.link_id == link_id
        }

    def _take_out(self, node: Node, room: str, viewer_id: str) -> Move | None:
        """None where another hub has it."""
        seen = self._of_node[node].pop((room, viewer_id))
        of_nodes = self._in_room[room][viewer_id]
        del of_nodes[node]
        if of_nodes:
            return None
        del self._in_room[room][viewer_id]
        if not self._in_room[room]:
            del self._in_room[room]
        return room, seen
