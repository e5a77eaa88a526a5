"""Where the broker stands, as the messages of one topic tell it that all hubs read: what makes compare-and-set of Kafka.

A message names the place of the one that it builds on, and counts only if no other has come since.
"""

from __future__ import annotations

import msgspec

from livedash.brokers.contract import BrokerLostError


class Step(msgspec.Struct, frozen=True, array_like=True):
    """`revision`: what it builds on. `run`: as long as the epoch of the log's leader is `leader`."""

    revision: int
    generation: str | None = None
    settled_run: str | None = None
    run: str = ""
    leader: int = -1


class Standings:
    """What the steps led to. `began`, `runs`: all that there ever were."""

    def __init__(self) -> None:
        self.revision = 0
        self.step = Step(0)
        self.began: set[str] = set()
        self.runs: set[str] = set()

    def take(self, number: int, data: bytes) -> None:
        """`number`: of the message, from 1. Raises BrokerLostError for what no livedash wrote."""
        try:
            step = _decode(data)
        except msgspec.DecodeError as error:
            raise BrokerLostError(f"the broker stands by a message that is not livedash's: {error}") from error
        if step.revision == self.revision:
            self.revision, self.step = number, step
            self.runs.add(step.run)
            if step.generation is not None:
                self.began.add(step.generation)

    def is_over(self, generation: str) -> bool:
        return generation in self.began and generation != self.step.generation

    def run_under(self, cluster: str, leader: int) -> str:
        """The run's name: another one each time that another server leads the log, or the same one once more."""
        return self.step.run if leader == self.step.leader else f"{cluster}.{self.step.generation}.{leader}"


to_bytes = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Step).decode
