"""Close codes of our WebSocket: 4000-4099 come back (with jitter), 4100-4199 stay away; a bye says the same by its wait."""

from __future__ import annotations

from typing import Final

from livedash import limits
from livedash.wire.messages import ByeReason

GOING_AWAY: Final = 4000
DRAINING: Final = 4001
TOO_SLOW: Final = 4002
LIMIT: Final = 4003
BAD_MESSAGE: Final = 4100
NOT_ALLOWED: Final = 4101
LINK_ENDED: Final = 4102

OF_REASON: Final[dict[ByeReason, int]] = {
    "draining": DRAINING,
    "slow": TOO_SLOW,
    "limit": LIMIT,
    "idle": GOING_AWAY,
    "deleted": GOING_AWAY,
    "not_allowed": NOT_ALLOWED,
    "expired": LINK_ENDED,
    "revoked": LINK_ENDED,
}

_STAY_AWAY: Final = range(4100, 4200)


def stays_away(code: int | None) -> bool:
    """True if who was sent away with this code is not to come back. RFC 6455's own codes, and no code at all, come back."""
    return code in _STAY_AWAY


def wait_s_of(reason: ByeReason) -> float | None:
    """The wait that a bye for this reason tells, where nothing better is known; None: don't come back."""
    return None if stays_away(OF_REASON[reason]) else limits.BYE_RETRY_S
