from __future__ import annotations

import math
from typing import Any

import pytest

from livedash import limits
from livedash.core.settings import RoomSettings
from livedash.errors import SettingRefusedError


def test_a_room_has_a_bound_of_bytes_and_no_other_unless_told() -> None:
    assert RoomSettings() == RoomSettings(None, None, limits.HISTORY_BYTES, None)


def test_changes_leave_the_other_settings_as_they_are() -> None:
    settings = RoomSettings(key="id").changed({"history_records": 10}).changed({"history_age": 60})
    assert settings == RoomSettings("id", 10, limits.HISTORY_BYTES, 60.0)
    assert settings.changed({"history_records": None}).history_records is None


@pytest.mark.parametrize(
    "changes",
    [
        {"history": 5},
        {"history_records": 0},
        {"history_records": -1},
        {"history_records": 1.5},
        {"history_records": "10"},
        {"history_bytes": 0},
        {"history_bytes": None},
        {"history_age": 0},
        {"history_age": math.nan},
        {"history_age": "1h"},
        {"key": ""},
        {"key": 5},
    ],
)
def test_what_is_no_setting_or_has_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SettingRefusedError):
        RoomSettings().changed(changes)


def test_an_unknown_setting_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(SettingRefusedError, match="settings are: key, history_records, history_bytes, history_age"):
        RoomSettings().changed({"histroy_records": 5})
