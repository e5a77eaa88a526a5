from __future__ import annotations

import os
from collections.abc import Mapping

import pytest

from livedash import limits
from livedash.server.static_files import front_end_version
from livedash.version import __version__
from tests.server.served import NOBODY, OWNER, Served, error_of, json_of

WRONG = {"Authorization": "Bearer wrong"}


async def test_a_server_that_lives_says_so_to_everybody_and_its_pid_to_its_owner(served: Served) -> None:
    told = {"status": "live", "version": __version__, "front_end": front_end_version(), "save_after_show": True}
    assert json_of(await served.get("health/live", headers=NOBODY)) == told
    assert json_of(await served.get("health/live")) == {**told, "pid": os.getpid()}


async def test_a_server_is_ready_until_it_drains(served: Served) -> None:
    assert json_of(await served.get("health/ready", headers=NOBODY)) == {"status": "ready"}
    served.services.is_draining = True
    assert json_of(await served.get("health/ready", headers=NOBODY), 503) == {"status": "not ready"}


async def test_reasons_are_for_who_is_logged_in(served: Served) -> None:
    served.services.is_draining = True
    assert json_of(await served.get("health/ready"), 503)["reason"] == "the server is draining"
    key = (await served.share())["key"]
    assert "reason" not in json_of(await served.get("health/ready", headers=NOBODY, key=key), 503)


@pytest.mark.parametrize("headers", [WRONG, {"Cookie": "livedash-login=x"}, {"Authorization": "Basic é"}])
@pytest.mark.parametrize("path", ["health/live", "health/ready", "health/live?key=wrong&key=%ff"])
async def test_nothing_of_a_request_makes_a_server_look_ill(
    served: Served, path: str, headers: Mapping[str, str]
) -> None:
    answer = await served.request(path, headers=headers)
    assert answer.code == 200
    assert "pid" not in json_of(answer)


async def test_counts_of_the_hub_are_for_who_is_logged_in(served: Served) -> None:
    await served.push({"n": 1}, {"n": 2})
    async with await served.stream(room="train") as stream:
        await stream.next()
        status = json_of(await served.get("status", headers=OWNER))
    assert {name: status[name] for name in ("version", "rooms", "sessions", "published", "duplicates")} == {
        "version": __version__,
        "rooms": 1,
        "sessions": 1,
        "published": 2,
        "duplicates": 0,
    }
    slow = {"waiting_bytes": 0, "bound_bytes": limits.VIEWERS_BYTES}
    steps = {"coalesced": 0, "conflated": 0, "dropped": 0, "disconnected": 0}
    assert status["slow_viewers"] == {**slow, **steps}
    assert status["uptime_s"] >= 0
    assert status["history_bytes"] > 0
    assert error_of(await served.get("status", headers=NOBODY)) == (401, "not_logged_in")


async def test_a_link_reads_no_counts_of_rooms_that_are_not_its_own(served: Served) -> None:
    key = (await served.share())["key"]
    assert error_of(await served.get("status", headers=NOBODY, key=key)) == (403, "not_allowed")
