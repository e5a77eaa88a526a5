"""A room's settings: its key, and the bounds of its history."""

from __future__ import annotations

from typing import Any

import msgspec

from livedash import limits
from livedash.errors import SettingRefusedError


class RoomSettings(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """None: no bound. `history_age` is in seconds. `key` names the field that makes the room a keyed one."""

    key: str | None = None
    history_records: int | None = None
    history_bytes: int = limits.HISTORY_BYTES
    history_age: float | None = None

    def changed(self, changes: dict[str, Any]) -> RoomSettings:
        """These settings with `changes`. Raises SettingRefusedError for what is no setting or has no sense."""
        try:
            settings = msgspec.convert({**msgspec.to_builtins(self), **changes}, RoomSettings)
        except msgspec.ValidationError as error:
            known = ", ".join(field.name for field in msgspec.structs.fields(RoomSettings))
            raise SettingRefusedError(f"{error}; a room's settings are: {known}") from error
        for name in ("history_records", "history_bytes", "history_age"):
            value = getattr(settings, name)
            if value is not None and not value > 0:  # NaN is no bound either
                raise SettingRefusedError(f"{name}={value!r} would keep nothing; give a number above 0")
        if settings.key == "":
            raise SettingRefusedError("key names a field; leave it out for a room without a key")
        return settings
