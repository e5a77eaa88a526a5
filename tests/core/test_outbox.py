from __future__ import annotations

from livedash.core.outbox import Outbox
from livedash.wire.messages import Pong, Published


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
