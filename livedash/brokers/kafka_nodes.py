"""Who is there and who has which lease, as the messages of one topic tell it that all hubs read.

The time is that of the messages, so all hubs agree on what ran out.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["hello", "beat", "leave", "lease", "trim"]


class Said(msgspec.Struct, frozen=True, array_like=True):
    """By a node: a beat's data, or the name of a lease. Of a trim: the generation, and which number it begins with now."""

    kind: Kind
    node: str = ""
    name: str = ""
    data: bytes = b""
    number: int = 0
    ttl_ms: int = 0


class Nodes:
    """What they said led to."""

    def __init__(self) -> None:
        self.at_ms = 0
        self._beats: dict[str, tuple[bytes, int]] = {}
        self._leases: dict[str, tuple[str, int]] = {}
        self._trimmed: dict[str, int] = {}

    def take(self, at_ms: int, data: bytes) -> None:
        """What no livedash wrote says nothing."""
        try:
            said = _decode(data)
        except msgspec.DecodeError:
            return
        self.at_ms = max(self.at_ms, at_ms)
        end_ms = self.at_ms + said.ttl_ms
        match said.kind:
            case "beat":
                self._beats[said.node] = (said.data, end_ms)
            case "leave":
                self._beats.pop(said.node, None)
            case "lease" if self.holder(said.name) in (None, said.node):
                self._leases[said.name] = (said.node, end_ms)
            case "trim":
                self._trimmed[said.name] = max(said.number, self.trimmed(said.name))

    def beats(self) -> dict[str, bytes]:
        """Of those that are there."""
        self._beats = {node: beat for node, beat in self._beats.items() if beat[1] > self.at_ms}
        return {node: data for node, (data, _) in self._beats.items()}

    def holder(self, lease: str) -> str | None:
        node, end_ms = self._leases.get(lease, (None, 0))
        return node if end_ms > self.at_ms else None

    def trimmed(self, generation: str) -> int:
        """The number of the message that its log begins with."""
        return self._trimmed.get(generation, 0)


to_bytes = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Said).decode
