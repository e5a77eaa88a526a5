"""Which hubs are there, and whether all of them find in a broker that was started again what they had read before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

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
    """As one hub knows them, by what they said last. `known`: the others.

    A broker that was started again has heard of none yet: who spoke before that is still awaited.
    """

    def __init__(self, node: str, clock_s: Callable[[], float]) -> None:
        self._node = node
        self._clock_s = clock_s
        self._heard_s: dict[str, float] = {}
        self.known: frozenset[str] = frozenset()

    async def beat(self, broker: Broker, run: str, *, holds: bool) -> None:
        said = await broker.beat(self._node, _encode(_Beat(run, holds)), limits.BROKER_BEAT_TTL_S)
        self.known = frozenset(said) - {self._node}
        now_s = self._clock_s()
        self._heard_s.update(dict.fromkeys(self.known, now_s))
        self._heard_s = {node: at_s for node, at_s in self._heard_s.items() if at_s > now_s - limits.BROKER_BEAT_TTL_S}

    async def agree(
        self, broker: Broker, standing: Standing, others: Collection[str], *, holds: bool, speaks: bool
    ) -> bool | None:
        """True: nothing is lost. False: something is, or nobody can tell. None: another hub has settled it meanwhile.

        `others`: hubs that spoke in the log. A hub that was not there before (`speaks` False) knows nothing, and waits for
        those that were.
        """
        awaited = {*self._heard_s, *others}
        end_s = self._clock_s() + limits.BROKER_ARRIVAL_S
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
            if self._clock_s() >= end_s:
                return False
            await asyncio.sleep(_POLL_S)
