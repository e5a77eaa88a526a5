"""What callers ask of a hub's rooms, as values: applied at once where the hub is alone, else in the order of a broker's log.

The same changes in the same order make the same rooms in every hub. So a change brings along whatever would differ from
one hub to another: the time when it was asked for, the epoch that may begin with it, and a new room's settings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from livedash.core.hub import Hub
from livedash.core.origin import Origin
from livedash.core.publishers import Connection, Request
from livedash.core.room import Room
from livedash.core.session import Session
from livedash.errors import LivedashError
from livedash.wire.batch import Batch
from livedash.wire.position import Position


class Append(msgspec.Struct, frozen=True, array_like=True, tag="append"):
    """Records. A repeated (`publisher`, `seq`) or `request` gets the first answer again. `settings`: of a new room."""

    room: str
    batch: Batch
    publisher: str | None = None
    seq: int | None = None
    request: Request | None = None
    settings: dict[str, Any] | None = None


class GiveBack(msgspec.Struct, frozen=True, array_like=True, tag="give_back"):
    """What a publisher keeps of an epoch whose hub is gone: see Hub.restore."""

    room: str
    epoch: str
    first: int
    batch: Batch
    publisher: str | None = None
    settings: dict[str, Any] | None = None
    owed_top: int = 0


class Configure(msgspec.Struct, frozen=True, array_like=True, tag="configure"):
    room: str
    settings: dict[str, Any]


class Clear(msgspec.Struct, frozen=True, array_like=True, tag="clear"):
    room: str


class Delete(msgspec.Struct, frozen=True, array_like=True, tag="delete"):
    room: str


class NoteLost(msgspec.Struct, frozen=True, array_like=True, tag="note_lost"):
    """A publisher lost `dropped` records from its buffer, in all."""

    room: str
    publisher: str
    dropped: int


Change = Append | GiveBack | Configure | Clear | Delete | NoteLost
Result = Position | Room | LivedashError | None
Then = Callable[[Result], None]


class Moment(msgspec.Struct, frozen=True, array_like=True):
    """When a change was asked for, in microseconds since 1970, and the epoch of what may begin with it ("": the hub's own)."""

    at_us: int
    epoch: str = ""


class Asker(msgspec.Struct, frozen=True):
    """Who asked, where that is a connection of this hub. `unechoed`: its own records don't go to it.

    `keeper`: a publisher that keeps what it wrote, and wants to know when it is not alone any more.
    """

    unechoed: Session | None = None
    keeper: Connection | None = None


NOBODY = Asker()


class Writes(Protocol):
    """Whoever takes changes. `then` is called with the result, or the error, on the hub's thread: at once, or later."""

    def submit(self, change: Change, then: Then, asker: Asker = NOBODY) -> None: ...
    def check_space(self) -> None:
        """Raises RateLimitedError where so much waits already that records must come later."""


class OwnWrites:
    """Of a hub that is alone: a change is made when it is asked for."""

    def __init__(self, hub: Hub, now_us: Callable[[], int], clock_s: Callable[[], float]) -> None:
        self._hub = hub
        self._now_us = now_us
        self._clock_s = clock_s

    def submit(self, change: Change, then: Then, asker: Asker = NOBODY) -> None:
        then(result_of(self._hub, change, Moment(self._now_us()), self._clock_s(), asker))

    def check_space(self) -> None:
        """Nothing waits."""


def result_of(hub: Hub, change: Change, moment: Moment, now_s: float, asker: Asker = NOBODY) -> Result:
    """Makes the change; what it raises is its result, too. `now_s` is the time of the hub's own viewers."""
    try:
        return _apply(hub, change, moment, now_s, asker)
    except LivedashError as error:
        return error


def _apply(hub: Hub, change: Change, moment: Moment, now_s: float, asker: Asker) -> Result:
    match change:
        case Append(room, batch, publisher, seq, request, settings):
            origin = Origin(publisher, seq, asker.unechoed, request, asker.keeper, settings, moment.epoch)
            return hub.publish(room, batch, moment.at_us, now_s, origin)
        case GiveBack(room, epoch, first, batch, publisher, settings, owed_top):
            origin = Origin(publisher, connection=asker.keeper, settings=settings, new_epoch=moment.epoch)
            return hub.restore(room, epoch, first, batch, moment.at_us, now_s, origin, owed_top)
        case Configure(room, settings):
            return hub.configure(room, settings, moment.at_us, now_s, moment.epoch)
        case Clear(room):
            return hub.clear(room, moment.epoch)
        case Delete(room):
            hub.delete(room)
        case NoteLost(room, publisher, dropped):
            hub.note_lost(room, publisher, dropped)
    return None
