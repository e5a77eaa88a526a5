"""Which hubs are there, and whether all of them find in a broker that was started again what they had read before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from livedash import limits
from livedash.brokers.contract import Broker, Standing

_POLL_S = 0.05


class _Beat(msgspec.Struct, frozen=True, array_like=True):
    """`holds`: under this run, the last entry that the hub read is still there."""

    run: str
    holds: bool


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Beat).decode


class Nodes:
    """As one hub knows them, by what they said last. `known`: the others."""

    def __init__(self, node: str) -> None:
        self._node = node
        self.known: frozenset[str] = frozenset()

    async def beat(self, broker: Broker, run: str, *, holds: bool) -> None:
        said = await broker.beat(self._node, _encode(_Beat(run, holds)), limits.BROKER_BEAT_TTL_S)
        self.known = frozenset(said) - {self._node}

    async def agree(
        self, broker: Broker, standing: Standing, clock_s: Callable[[], float], *, holds: bool, speaks: bool
    ) -> bool | None:
        """True: nothing is lost. False: something is, or nobody can tell. None: another hub has settled it meanwhile.

        A hub that was not there before (`speaks` False) knows nothing, and waits for those that were.
        """
        awaited = self.known
        end_s = clock_s() + limits.BROKER_ARRIVAL_S
        while True:
            data = _encode(_Beat(standing.run, holds))
            said = await broker.beat(self._node, data, limits.BROKER_BEAT_TTL_S) if speaks else {}
            beats = {node: beat for node, each in said.items() if (beat := _decode(each)).run == standing.run}
            if not all(beat.holds for beat in beats.values()):
                return False
            if speaks and awaited <= beats.keys():
                return True
            if await broker.connect() != standing:
                return None
            if clock_s() >= end_s:
                return False
            await asyncio.sleep(_POLL_S)
