from __future__ import annotations

import pytest

from livedash import limits
from livedash.core.deleted import DeletedRooms


def test_epochs_of_a_room_that_is_gone_are_known_until_it_begins_again() -> None:
    deleted = DeletedRooms()
    deleted.remember("train", {"e1": "cleared", "e2": "deleted"})
    assert deleted.why_ended("train", "e1") == "cleared"
    assert deleted.why_ended("train", "e3") is None
    assert deleted.why_ended("other", "e1") is None
    assert deleted.take("train") == {"e1": "cleared", "e2": "deleted"}
    assert deleted.former("train") is None
    assert deleted.take("train") == {}


def test_rooms_that_were_deleted_first_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DELETED_ROOMS", 2)
    deleted = DeletedRooms()
    for name in ("a", "b", "c"):
        deleted.remember(name, {"e": "deleted"})
    assert len(deleted) == 2
    assert deleted.former("a") is None
