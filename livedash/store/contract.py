"""What a store is to who keeps a hub's rooms in it; one file an implementation.

A store belongs to one process at a time, and one thread at a time calls it. Each write is whole or not there at all, in
order, also where the process is killed in the middle of one; nothing that was written is lost by that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import msgspec

from livedash.core.journal import Entry
from livedash.core.kept import KeptRoom
from livedash.core.publishers import Request
from livedash.wire.messages import GapReason
from livedash.wire.position import Position


class StoreState(msgspec.Struct, frozen=True):
    """`state`: kept (what is older than 0.1 s is on disk), behind (some rooms wait to be written anew) or failing.

    `reason` says why it is not kept. `bytes`: about what is stored.
    """

    state: Literal["kept", "behind", "failing"]
    path: str
    bytes: int
    rooms_waiting: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """An HTTP publish by its Idempotency-Key, and what it was answered; `at_s` in seconds since 1970."""

    room: str
    request: Request
    position: Position
    at_s: float


@dataclass(frozen=True, slots=True)
class Kept:
    """All that a store holds. `is_clean` False: its last user ended without `close`, and may have known more."""

    rooms: tuple[KeptRoom, ...] = ()
    deleted: Mapping[str, Mapping[str, GapReason]] = field(default_factory=dict)
    requests: tuple[KeptRequest, ...] = ()
    is_clean: bool = True


class Store(Protocol):
    @property
    def path(self) -> str:
        """For people."""

    def open(self) -> bool:
        """Takes the store for this process. False if it is empty.

        What is damaged is set aside, with a word in the log, and an empty one takes its place. Raises SettingRefusedError
        where another process has it, or a newer version of livedash wrote it; OSError where it can't be had for now.
        """

    def load(self) -> Kept:
        """What is in it: called once, after `open` and before the first `write`. Raises as `open` does."""

    def write(self, entries: Sequence[Entry]) -> None:
        """All of them, or none. Raises OSError, and then takes nothing before it was opened again."""

    def sync(self) -> None:
        """Brings what was written through to the disk, and frees what is unused; called every few seconds at most.

        Raises as `write` does.
        """

    def size_bytes(self) -> int:
        """About what it takes on disk."""

    def close(self, *, is_complete: bool) -> None:
        """Lets it go. `is_complete`: what was written is all that there was to write. Raises nothing: it is the end."""
