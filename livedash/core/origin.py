"""Where a batch comes from, as far as the hub must know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from livedash.core.publishers import Connection, Request
from livedash.core.session import Session


@dataclass(frozen=True, slots=True)
class Origin:
    """A repeated (publisher, seq) gets the first answer again. `session`: don't echo to it.

    `connection`: of a publisher that said hello, and is told when others write into its room. `settings` are those of a
    room that begins with the batch.
    `new_epoch`: of a room that begins with it, or begins again; None: the hub makes one.
    `request`: what IdempotencyKeys know this publish by.
    """

    publisher: str | None = None
    seq: int | None = None
    session: Session | None = None
    request: Request | None = None
    connection: Connection | None = None
    settings: Mapping[str, Any] | None = None
    new_epoch: str | None = None


UNKNOWN_ORIGIN: Final = Origin()
