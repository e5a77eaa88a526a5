"""Promises 1, 2 and 6 over several hubs.

`LIVEDASH_LONG_TESTS=1` (`make soak`) tells many more.
"""

from __future__ import annotations

import asyncio
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livedash import limits
from livedash.wire.messages import Shape
from tests.brokers.delivery_story import BROKERS, LINES, ORDINARY, Step, Story, tell
from tests.brokers.troubles import MemoryTrouble
from tests.brokers.virtual_loop import VirtualLoop
from tests.transports.readers import ROOMS, SMALL, TRANSPORTS

LONG = bool(os.environ.get("LIVEDASH_LONG_TESTS"))
TIMES = st.tuples(st.just("time"), st.sampled_from([0.3, 1.0, 2.5, 3.5, 40.0]))
STEPS = st.lists(st.one_of(*ORDINARY, *LINES, *BROKERS, TIMES), min_size=10, max_size=60)
BEGINNING = st.tuples(st.sampled_from(sorted(ROOMS)), st.sampled_from(["records", "columns"]), st.integers(2, 12))
Beginning = tuple[str, Shape, int]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in SMALL.items():
        monkeypatch.setattr(limits, name, size)


def tell_in_memory(transport: str, beginning: Beginning, steps: list[Step]) -> Story:
    rooms, shape, bound = beginning
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        story = Story(MemoryTrouble(), [transport], ROOMS[rooms], shape, bound)
        runner.run(tell(story, steps))
    return story


@pytest.mark.parametrize("transport", TRANSPORTS)
@settings(
    max_examples=2000 if LONG else 60,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(beginning=BEGINNING, steps=STEPS)
def test_readers_of_two_hubs_miss_nothing_and_see_nothing_twice(
    transport: str, beginning: Beginning, steps: list[Step]
) -> None:
    tell_in_memory(transport, beginning, steps)
