from __future__ import annotations

import pytest

from livedash.core.outbox import Outbox
from livedash.wire.messages import (
    Error,
    Failing,
    Notification,
    Pong,
    Presence,
    Published,
    ViewerInfo,
    Welcome,
)


def test_what_was_put_is_taken_once_and_in_order() -> None:
    outbox = Outbox()
    outbox.put(Published("e", 1))
    outbox.put(Published("e", 2))
    assert len(outbox) == 2
    assert outbox.take() == [Published("e", 1), Published("e", 2)]
    assert outbox.take() == []


def test_a_full_outbox_refuses_and_stays_overflowed_until_its_viewer_is_gone() -> None:
    outbox = Outbox(bound=2)
    for _ in range(3):
        outbox.put(Pong())
    assert outbox.statistics().overflowed
    assert len(outbox.take()) == 2
    assert outbox.overflowed
    assert outbox.statistics().taken == 2


@pytest.mark.parametrize(
    "large",
    [
        Error("bad_setting", "x" * 5000),
        Failing("train", {"cpu": "x" * 5000}),
        Presence("train", [ViewerInfo("a", "", 0.0)] * 30),
        Welcome({f"room{number}": "known" for number in range(30)}),
    ],
    ids=lambda message: type(message).__name__,
)
def test_what_a_peer_can_make_large_is_bounded_by_its_bytes(large: Notification) -> None:
    outbox = Outbox(bound_bytes=10_000)
    outbox.put(large)
    outbox.put(Pong())
    assert 5000 < outbox.waiting_bytes < 15_000
    outbox.put(large)
    assert not outbox.overflowed
    outbox.put(Pong())
    assert outbox.statistics().overflowed
    assert len(outbox.take()) == 3
    assert outbox.statistics().waiting_bytes == 0
