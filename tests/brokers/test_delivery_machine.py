"""Promises 1, 2 and 6 of the design over several hubs, on each broker and each transport, whatever befalls them.

Two hubs share a broker. Publishers send batches to either, and again to the same or the other one. Readers come back at either
with their cursor. Lines are cut or lose answers, the broker is killed and comes back whole, empty or from an old dump, a hub
is gone without a word and another one begins in its place, and rooms are cleared, deleted and trimmed. Then all is mended,
publishers send again what nobody acknowledged, and it is judged (tests/brokers/ledger.py, tests/transports/delivery_judge.py):

- An offset of an epoch means one record, whichever hub has it and whenever; an epoch that goes on from another one has
  that one's records.
- Both hubs hold the same. Each record that was acknowledged is there once. Missing may be what a room's bound, a clear or a
  delete took, or what no hub that lives and no broker had any more. What was cleared or deleted stays so, unless the broker
  lost its data.
- A reader in mode `all` hears each record once, in order, of one epoch, or of one that goes on from where it stands; or a
  gap, and then a state that is right. In other modes the same, with what was left out counted. While nothing has failed,
  no gap is told but for bounds, slowness, clears and deletes.
- In the end each reader stands where its hub does: nobody waits for ever.

`LIVEDASH_LONG_TESTS=1` (`make soak`) tells many more.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livedash import limits
from livedash.wire.messages import Shape
from tests.brokers.delivery_story import BROKERS, LINES, ORDINARY, Step, Story, tell
from tests.brokers.kinds import KINDS, Started
from tests.brokers.troubles import MemoryTrouble, ServerTrouble
from tests.brokers.virtual_loop import VirtualLoop
from tests.transports.readers import ROOMS, SMALL, TRANSPORTS

# sentinels and NATS clusters take seconds to promote: test_contract and the chaos tests have that
KINDS_HERE = [kind for kind in KINDS if kind not in ("sentinels", "nats-cluster")]
LONG = bool(os.environ.get("LIVEDASH_LONG_TESTS"))
TIMES = st.tuples(st.just("time"), st.sampled_from([0.3, 1.0, 2.5, 3.5, 40.0]))
STEPS = st.lists(st.one_of(*ORDINARY, *LINES, *BROKERS, TIMES), min_size=10, max_size=60)
SHORT_TIMES = st.tuples(st.just("time"), st.sampled_from([0.02, 0.1, 0.3]))
SHORT_STEPS = st.lists(st.one_of(*ORDINARY, *LINES, SHORT_TIMES), min_size=10, max_size=50)
MORTAL_STEPS = st.lists(st.one_of(*ORDINARY, *LINES, SHORT_TIMES, *BROKERS), min_size=10, max_size=30)
BEGINNING = st.tuples(st.sampled_from(sorted(ROOMS)), st.sampled_from(["records", "columns"]), st.integers(2, 12))
QUICK = {
    "BROKER_ARRIVAL_S": 0.3,
    "BROKER_BEAT_S": 0.05,
    "BROKER_SHELVE_S": 0.1,
    "BROKER_RETRY_S": 0.05,
    "BROKER_LOG_S": 0.5,
    "TAKEOVER_WAIT_S": 0.1,
}
Beginning = tuple[str, Shape, int]


# what went wrong once
FOUND: tuple[tuple[str, Beginning, list[Step]], ...] = (
    (
        "sse",
        ("many_rooms", "columns", 8),
        [
            *(("push", 0, 1, 6), ("push", 1, 1, 4), ("push", 0, 1, 6), ("push", 0, 0, 3), ("from dump",)),
            *(("new hub", 1), ("delete", 1, 0), ("come", 1, 1), ("new hub", 0), ("from dump",), ("new hub", 0)),
        ],
    ),
    (
        "websocket_json",
        ("many_rooms", "records", 3),
        [
            *(("push", 0, 0, 6), ("dump",), ("time", 0.3), ("from dump",), ("push", 1, 1, 4)),
            *(("arrive", 1, 1, "snapshot", ("latest", 5.0), True), ("time", 2.5), ("from dump",), ("turn", 20)),
            ("policy", 1, ("sample", 5.0)),
        ],
    ),
    (
        "longpoll",
        ("one_room", "records", 10),
        [
            *(("trim", 1, 2, 2), ("settle",), ("cut", 0), ("carry", 2, 1.0), ("mend", 0), ("delete", 0, 1)),
            *(("carry", 2, 1.0), ("rooms", 1, 2), ("cut", 1), ("forge", 1, 1, "old", 1), ("come", 0, 0)),
            *(("policy", 0, ("all", None)), ("policy", 1, ("all", 5.0)), ("trim", 0, 2, 11), ("mend", 1)),
            *(("forge", 1, 0, "foreign", 1), ("new hub", 0)),
        ],
    ),
    (
        "comm",
        ("one_keyed_room", "columns", 5),
        [
            *(("lose answers", 0), ("push", 0, 1, 3), ("new hub", 0), ("push", 0, 1, 6), ("cut", 1)),
            *(("new hub", 0), ("empty",), ("kill",), ("push", 0, 0, 2), ("new hub", 1)),
        ],
    ),
    (
        "comm",
        ("many_rooms", "columns", 2),
        [
            *(("arrive", 0, 0, "now", ("all", None), True), ("push", 1, 2, 3), ("time", 3.5), ("kill",)),
            *(("new hub", 1), ("empty",)),
        ],
    ),
    (
        "websocket_json",
        ("many_rooms", "columns", 8),
        [
            *(("push", 0, 1, 2), ("push", 1, 2, 5), ("dump",), ("push", 1, 1, 1), ("push", 1, 1, 5), ("turn", 11)),
            *(("empty",), ("settle",), ("from dump",), ("push", 1, 1, 6), ("settle",), ("kill",)),
        ],
    ),
    (
        "websocket_json",
        ("one_keyed_room", "columns", 2),
        [
            *(("arrive", 0, 2, "earliest", ("all", None), False), ("from dump",), ("settle",), ("push", 0, 0, 1)),
            *(("dump",), ("cut", 0), ("settle",), ("settle",), ("push", 1, 2, 4), ("settle",), ("kill",)),
            *(("push", 0, 0, 5), ("push", 1, 0, 6), ("settle",), ("from dump",)),
        ],
    ),
)
_stories = itertools.count(1)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in SMALL.items():
        monkeypatch.setattr(limits, name, size)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in QUICK.items():
        monkeypatch.setattr(limits, name, seconds)


@pytest.fixture(scope="module", params=KINDS_HERE)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    with KINDS[request.param](tmp_path_factory.mktemp(request.param)) as started:
        yield started


def tell_in_memory(transport: str, beginning: Beginning, steps: list[Step]) -> Story:
    rooms, shape, bound = beginning
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        story = Story(MemoryTrouble(), [transport], ROOMS[rooms], shape, bound)
        runner.run(tell(story, steps))
    return story


def tell_on(server: Started, beginning: Beginning, steps: list[Step]) -> Story:
    rooms, shape, bound = beginning
    with ServerTrouble(server, f"story{next(_stories)}") as trouble:
        story = Story(trouble, list(TRANSPORTS), ROOMS[rooms], shape, bound)
        asyncio.run(tell(story, steps))
    return story


def told(max_examples: int) -> settings:
    return settings(
        max_examples=max_examples,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.mark.parametrize(("transport", "beginning", "steps"), FOUND, ids=range(len(FOUND)))
def test_what_went_wrong_once_goes_well(transport: str, beginning: Beginning, steps: list[Step]) -> None:
    tell_in_memory(transport, beginning, steps)


@pytest.mark.parametrize("transport", TRANSPORTS)
@told(10_000 if LONG else 120)
@given(beginning=BEGINNING, steps=STEPS)
def test_readers_of_two_hubs_miss_nothing_and_see_nothing_twice(
    transport: str, beginning: Beginning, steps: list[Step]
) -> None:
    tell_in_memory(transport, beginning, steps)


@pytest.mark.usefixtures("quick")
@told(200 if LONG else 6)
@given(beginning=BEGINNING, steps=SHORT_STEPS)
def test_so_it_is_on_each_broker(server: Started, beginning: Beginning, steps: list[Step]) -> None:
    tell_on(server, beginning, steps)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("server", [kind for kind in KINDS_HERE if kind != "cluster"], indirect=True)
@told(50 if LONG else 2)
@given(beginning=BEGINNING, steps=MORTAL_STEPS)
def test_so_it_is_on_a_broker_that_is_killed(server: Started, beginning: Beginning, steps: list[Step]) -> None:
    tell_on(server, beginning, steps)
