from __future__ import annotations

import pytest

from livedash import limits
from livedash.core.grant import owner
from livedash.errors import LimitReachedError, NotFoundError, SettingRefusedError
from livedash.server.config import ServerConfig
from livedash.server.services import Services, new_id
from livedash.testing.clock import ManualClock
from livedash.testing.loop import ManualLoop
from livedash.transports.viewer import Viewer
from livedash.transports.websocket import MessageFraming
from livedash.wire.codec import JSON
from livedash.wire.specs import dashboard_of_rooms
from tests.transports.theatre import MemorySink

SPEC = dashboard_of_rooms(("train",))


@pytest.fixture
def services() -> Services:
    return Services(ServerConfig(), ManualLoop(ManualClock()))


def link(services: Services, *rooms: str, expires_s: float = 3600.0, label: str = "") -> tuple[str, str]:
    """Id and key."""
    made, key = services.links.create(rooms or ("train",), expires_s, label, None, services.started_at_s)
    return made.id, key


def test_ids_are_random_small_letters_and_digits() -> None:
    ids = {new_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(text.isascii() and text.isalnum() and text == text.lower() and len(text) == 8 for text in ids)


def test_the_configurations_bounds_reach_the_hub() -> None:
    services = Services(ServerConfig(history_bytes=1000, connections=0), ManualLoop(ManualClock()))
    room = services.hub.configure("train", {}, 0, 0.0)
    assert room.settings.history_bytes == 1000
    with pytest.raises(LimitReachedError):
        services.hub.open_session(owner("a"), "", lambda: None, 0.0)


def test_a_key_gives_what_its_link_reads(services: Services) -> None:
    link_id, key = link(services, "train", "lab.*", label="for Ann")
    grant = services.grant_of_key(key)
    assert grant is not None
    assert (grant.read, grant.write, grant.may_share) == (("train", "lab.*"), (), False)
    assert (grant.principal, grant.link_id, grant.label) == (f"link:{link_id}", link_id, "for Ann")


def test_no_other_key_gives_anything(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    _, expired = link(services, expires_s=10)
    revoked_id, revoked = link(services)
    services.links.revoke(revoked_id)
    monkeypatch.setattr("livedash.clock.now_s", lambda: services.started_at_s + 20)
    assert [services.grant_of_key(key) for key in ("", "wrong", expired, revoked)] == [None] * 4


def test_a_grant_ends_with_its_link_and_a_login_never(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    link_id, key = link(services, expires_s=10)
    grant = services.grant_of_key(key)
    assert grant is not None
    assert services.why_ended(grant) is None
    assert services.why_ended(owner("ann")) is None
    monkeypatch.setattr("livedash.clock.now_s", lambda: services.started_at_s + 20)
    assert services.why_ended(grant) == "expired"
    services.links.revoke(link_id)
    assert services.why_ended(grant) == "revoked"
    assert services.why_ended(owner("ann")) is None


def viewer(services: Services, key: str | None = None) -> Viewer:
    grant = owner("ann") if key is None else services.grant_of_key(key)
    assert grant is not None
    return Viewer(services.stage, grant, MemorySink(), MessageFraming(JSON))


def test_viewers_of_a_link_are_counted_and_ended_and_no_others(services: Services) -> None:
    (first_id, first), (second_id, second) = link(services), link(services)
    viewers = [viewer(services, key) for key in (first, first, second, None)]
    assert [services.link_viewers(each) for each in (first_id, second_id, "other")] == [2, 1, 0]
    services.end_viewers(lambda grant: grant.link_id == first_id, "revoked")
    assert [each.is_ended for each in viewers] == [True, True, False, False]
    assert services.link_viewers(first_id) == 0


async def test_dashboards_are_kept_by_name(services: Services) -> None:
    assert services.dashboard("run") is None
    await services.put_dashboard("run", SPEC)
    assert services.dashboard("run") is SPEC
    services.dashboards().clear()
    assert services.dashboards() == {"run": SPEC}


@pytest.mark.parametrize("name", ["", "x" * (limits.LINK_LABEL_CHARACTERS + 1)])
async def test_a_dashboards_name_is_neither_empty_nor_endless(services: Services, name: str) -> None:
    with pytest.raises(SettingRefusedError, match="1 to 200 characters"):
        await services.put_dashboard(name, SPEC)


async def test_dashboards_are_bounded_and_those_that_are_there_can_be_replaced(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livedash.server.services._MAX_DASHBOARDS", 2)
    for name in ("a", "b", "a"):
        await services.put_dashboard(name, SPEC)
    with pytest.raises(LimitReachedError, match="2 dashboards"):
        await services.put_dashboard("c", SPEC)


async def test_closed_services_leave_no_timer() -> None:
    loop = ManualLoop(ManualClock())
    await Services(ServerConfig(), loop).close()
    assert loop.timers == []


async def test_a_link_opens_once_it_is_made_and_never_after_it_is_revoked(services: Services) -> None:
    made, key = await services.create_link(("train",), 60.0, "for Ann", None, "ada")
    viewers = [viewer(services, key), viewer(services)]
    await services.revoke_link(made.id)
    assert services.grant_of_key(key) is None
    assert [each.is_ended for each in viewers] == [True, False]
    with pytest.raises(NotFoundError):
        await services.revoke_link(made.id)
