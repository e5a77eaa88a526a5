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
    `request`: what IdempotencyKeys will know this publish by; whether they know it already is the caller's to ask.
    """

    publisher: str | None = None
    seq: int | None = None
    session: Session | None = None
    request: Request | None = None
    connection: Connection | None = None
    settings: Mapping[str, Any] | None = None


UNKNOWN_ORIGIN: Final = Origin()
