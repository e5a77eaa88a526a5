"""Every exception of livedash; what raises them lives elsewhere.

LivedashError
├── CallerError                 the caller's mistake: the same call fails again
│   ├── NameRefusedError        not a room's name, or a reserved one (also a ValueError)
│   ├── ValueRefusedError       a record holds what can't be carried (also a ValueError)
│   ├── TooLargeError           a record, batch or request above its bound (also a ValueError)
│   ├── SettingRefusedError     a setting or option that isn't known or can't be (also a ValueError)
│   └── MissingExtraError       an optional package isn't installed (also an ImportError)
├── ProtocolError               the peer sent what the protocol does not allow
│   └── CursorRefusedError      the text is no cursor; readers are told by a gap `bad_cursor` instead
├── ConflictError               it contradicts what is there (a key after the first record, another body for a key)
├── NotFoundError               no such room, link or dashboard
├── GoneError                   what follows a cursor is not held any more
├── NotAllowedError             the caller is known, and may not
├── NotLoggedInError            the caller isn't known
├── LimitReachedError           a bound on connections, rooms or rates: the same call may work later
│   └── RateLimitedError        too much in too short a time: the same call works after `retry_after_s`
└── UnreachableError            no hub answers: the same call may work later
"""

from __future__ import annotations

from typing import ClassVar


class LivedashError(Exception):
    """The root. `code` is what peers see; `can_retry` says whether the same call may work later."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    can_retry: ClassVar[bool] = False

    @property
    def message(self) -> str:
        return str(self.args[0]) if self.args else self.code


class CallerError(LivedashError):
    """The call itself is wrong, whatever the state of the hub."""

    code = "bad_request"
    status = 400


class NameRefusedError(CallerError, ValueError):
    """A text that can't name a room. Differs from NotFoundError: such a room can never exist."""

    code = "bad_name"


class ValueRefusedError(CallerError, ValueError):
    """A value that can't be encoded; the message holds the field's path."""

    code = "bad_value"


class TooLargeError(CallerError, ValueError):
    """Above a bound of limits.py; the message names the bound and both sizes."""

    code = "too_large"
    status = 413


class SettingRefusedError(CallerError, ValueError):
    """An option that is unknown or out of range. Differs from ValueRefusedError: it is not a record's content."""

    code = "bad_setting"


class MissingExtraError(CallerError, ImportError):
    """An optional package is missing; the message has the command that installs it."""

    code = "missing_extra"
    status = 501


class ProtocolError(LivedashError):
    """Bytes from a peer that the protocol does not allow. The peer is to blame, not our caller."""

    code = "bad_message"
    status = 400


class CursorRefusedError(ProtocolError):
    """A text that is no cursor at all."""

    code = "bad_cursor"


class ConflictError(LivedashError):
    """The request contradicts what is there."""

    code = "conflict"
    status = 409


class NotFoundError(LivedashError):
    """Nothing is there under this name (or the caller may not know that there is)."""

    code = "not_found"
    status = 404


class GoneError(LivedashError):
    """History can't go on from a cursor. Streams tell the same by a gap, and go on with a snapshot."""

    code = "gap"
    status = 410


class NotAllowedError(LivedashError):
    """The caller is known, and may not do this."""

    code = "not_allowed"
    status = 403


class NotLoggedInError(LivedashError):
    """The caller has shown neither a login nor a link's key."""

    code = "not_logged_in"
    status = 401


class LimitReachedError(LivedashError):
    """A bound on connections, rooms or rates is reached. `retry_after_s`: when the same call works, where that is known."""

    code = "limit_reached"
    status = 503
    can_retry = True

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class RateLimitedError(LimitReachedError):
    """Too much in too short a time. Differs from LimitReachedError: nothing but waiting is needed."""

    code = "rate_limited"
    status = 429


class UnreachableError(LivedashError):
    """No hub answers at the address."""

    code = "unreachable"
    status = 503
    can_retry = True
