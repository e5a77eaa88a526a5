"""What livedash asks of a broker; one file an implementation, and livedash.testing.check_broker holds each to it.

A broker knows nothing of rooms. It has a log, whose entries all hubs read in the same order, and shelves, on which what the
log led to is kept, so that the log can stay short. Both belong to a generation: where the log may have lost its end, a new
one begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

Mark = int  # a place in the log; each entry's is above those before it
BEFORE_ALL: Mark = 0
Found = Literal["there", "trimmed", "lost"]
Shelf = Mapping[str, bytes]


class BrokerLostError(Exception):
    """The broker can't be reached, or gave up in the middle: connect again. Stays inside: callers wait, and lose nothing."""


class StaleError(Exception):
    """The broker was started again, or another generation has begun: look where it stands. Stays inside."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`run` names the server process. `generation` None: it has none. `settled_run`: under which that was last found whole."""

    run: str
    generation: str | None
    settled_run: str | None

    @property
    def is_settled(self) -> bool:
        return self.generation is not None and self.settled_run == self.run


class BrokerState(msgspec.Struct, frozen=True):
    """What a hub tells of its broker. `state`: connected, starting, or away: what callers ask for waits then.

    `waiting`: changes that are not in the log yet. `hubs`: that are there, with this one. `reason` None: all is well.
    """

    state: str
    address: str
    hubs: int
    waiting: int
    reason: str | None = None


class Broker(Protocol):
    """One hub's connection. On its loop; each call raises BrokerLostError, and then `connect` comes next."""

    @property
    def address(self) -> str:
        """For people: without a secret."""

    async def connect(self) -> Standing: ...
    async def close(self) -> None:
        """Raises nothing."""

    # The log

    async def append(self, standing: Standing, entries: Sequence[bytes]) -> None:
        """In order, side by side, all or none. Raises StaleError where the broker does not stand so any more, and takes none
        then. Where another generation begins in that moment, some may be taken that only some hubs read: these give them back.

        After BrokerLostError they may be there, or come there later: an entry is known by what is in it.
        """

    async def read(self, generation: str, after: Mark) -> list[tuple[Mark, bytes]]:
        """What follows; waits some seconds for the first, and says [] then.

        Raises StaleError where the generation is over, or where what follows was trimmed in part: never is there a hole.
        """

    async def end(self, generation: str) -> Mark:
        """The last entry's mark, or BEFORE_ALL."""

    async def find(self, generation: str, mark: Mark) -> Found: ...
    async def trim(self, generation: str, upto: Mark) -> None:
        """Entries before that one are on the shelves; it stays, so that who has read it finds that nothing is missing."""

    # Generations

    async def settle(self, standing: Standing) -> bool:
        """The generation is whole under this run. False where the broker does not stand so any more."""

    async def begin(self, standing: Standing, generation: str) -> bool:
        """A new one, whose shelves are filled, takes the place of the one that was there, which is forgotten. False as above."""

    async def forget(self, generation: str) -> None:
        """Shelves of one that never began."""

    # Shelves

    async def load(self, generation: str) -> dict[str, Shelf]:
        """Raises StaleError where the generation is over."""

    async def get(self, generation: str, shelf: str) -> Shelf: ...
    async def fields(self, generation: str, shelf: str) -> list[str]: ...
    async def put(self, generation: str, shelf: str, changes: Mapping[str, bytes | None]) -> None:
        """Of one shelf, all or none; None: the field goes. A shelf without a field is gone.

        Raises StaleError where the generation is over: nobody would take it away again.
        """

    # Nodes

    async def beat(self, node: str, data: bytes, ttl_s: float) -> dict[str, bytes]:
        """This hub is there for `ttl_s` more; what all that are there said last."""

    async def leave(self, node: str) -> None: ...
    async def lease(self, name: str, node: str, ttl_s: float) -> bool:
        """True if this hub is the one that has it, for `ttl_s` from now."""
