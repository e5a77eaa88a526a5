"""How a viewer wants a room."""

from __future__ import annotations

from dataclasses import dataclass

from livedash import limits
from livedash.wire.messages import Mode, Shape


@dataclass(frozen=True, slots=True)
class Reading:
    """`max_hz`: messages a second in mode all, records a second else; None: no bound.

    `presence`: it is told of others that join and leave.
    """

    shape: Shape = "records"
    mode: Mode = "all"
    max_hz: float | None = None
    window: int = limits.SNAPSHOT_RECORDS
    presence: bool = False
