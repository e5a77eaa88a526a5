from __future__ import annotations

import threading
from pathlib import Path

import pytest

from livedash import limits
from livedash.client import remote
from livedash.client.endpoint import Endpoint, endpoint_of_url
from livedash.client.remote import RemoteHub
from livedash.errors import ConflictError, NotFoundError, SettingRefusedError, UnreachableError
from livedash.wire.position import Position
from livedash.wire.specs import DashboardSpec, PanelSpec
from tests.client.answering import CUT, Answering, answer
from tests.end_to_end.hosts import Host
from tests.end_to_end.processes import free_port
from tests.end_to_end.serve import ServeProcess

LIMIT_S = 10.0
BUSY = answer("503 Busy", '{"error": {"code": "limit_reached", "message": "full"}}', "Retry-After: 0")


@pytest.fixture
def hub(serve: ServeProcess) -> RemoteHub:
    return RemoteHub(endpoint_of_url(serve.url, serve.token))


def push(serve: ServeProcess, room: str, *steps: int) -> Position:
    position = Host(serve.url, serve.token).publish(room, *[{"step": step} for step in steps])
    return Position(position["epoch"], position["offset"])


def test_address_is_for_people_and_holds_no_secret(hub: RemoteHub, serve: ServeProcess) -> None:
    assert hub.address == serve.url
    assert serve.token not in hub.address


def test_rooms_and_their_state_come_as_the_hub_has_them(hub: RemoteHub, serve: ServeProcess) -> None:
    position = push(serve, "remote.state", 1, 2, 3)
    state = hub.state("remote.state")
    assert (state.name, state.position, state.first, state.records) == ("remote.state", position, 1, 3)
    assert state in hub.rooms()
    with pytest.raises(NotFoundError, match=r"no room 'remote\.never'"):
        hub.state("remote.never")


def test_history_is_read_in_columns_with_its_position(hub: RemoteHub, serve: ServeProcess) -> None:
    position = push(serve, "remote.read", 1, 2, 3)
    page = hub.read("remote.read", "earliest", 2)
    assert page.batch.records() == [{"step": 1}, {"step": 2}]
    assert page.position == Position(position.epoch, 2)
    rest = hub.read("remote.read", f"remote.read:{page.position}", 10)
    assert (rest.batch.records(), rest.position) == ([{"step": 3}], position)
    assert hub.read("remote.read", f"remote.read:{position}", 10).batch.count == 0


def test_settings_are_set_and_a_key_after_the_first_record_is_a_conflict(hub: RemoteHub, serve: ServeProcess) -> None:
    assert hub.configure("remote.set", {"history_records": 2}).settings["history_records"] == 2
    push(serve, "remote.set", 1, 2, 3)
    assert hub.state("remote.set").records == 2
    with pytest.raises(ConflictError):
        hub.configure("remote.set", {"key": "step"})
    with pytest.raises(SettingRefusedError):
        hub.configure("remote.set", {"colour": "red"})


def test_cleared_room_begins_a_new_epoch_and_a_deleted_one_is_gone(hub: RemoteHub, serve: ServeProcess) -> None:
    before = push(serve, "remote.end", 1)
    cleared = hub.clear("remote.end")
    assert (cleared.offset, cleared.epoch == before.epoch) == (0, False)
    hub.delete("remote.end")
    for act in (hub.delete, hub.clear, hub.state):
        with pytest.raises(NotFoundError):
            act("remote.end")


def test_links_are_made_listed_and_revoked(hub: RemoteHub, serve: ServeProcess) -> None:
    spec = DashboardSpec(((PanelSpec("line", ("remote.link",)),),), "mine")
    link = hub.create_link(("remote.link",), 60.0, "for Ada", spec)
    assert link.key in link.url
    assert link.rooms == ("remote.link",)
    listed = {state.id: state for state in hub.links()}[link.id]
    assert (listed.label, listed.rooms, listed.viewers) == ("for Ada", ("remote.link",), 0)
    hub.revoke(link.id)
    assert link.id not in {state.id for state in hub.links()}
    with pytest.raises(NotFoundError):
        hub.revoke(link.id)


def test_dashboard_is_stored_under_its_name(hub: RemoteHub, serve: ServeProcess) -> None:
    hub.put_dashboard("mine", DashboardSpec(((PanelSpec("number", ("remote.link",)),),)))
    assert Host(serve.url, serve.token).ask("GET", "dashboards")[1] == {"dashboards": ["mine"]}


# A hub that does not answer now


def test_question_is_asked_again_where_the_answer_was_cut_off_or_put_off() -> None:
    with Answering(answer("200 OK", '{"rooms": []}'), CUT, BUSY, answer("200 OK", '{"rooms": []}')) as server:
        hub = RemoteHub(server.endpoint)
        assert hub.rooms() == []
        assert hub.rooms() == []
    assert len(server.asked) == 4


def test_what_may_have_been_done_is_not_done_twice() -> None:
    with Answering(answer("200 OK", '{"rooms": []}'), CUT, CUT) as server:
        hub = RemoteHub(server.endpoint)
        hub.rooms()
        with pytest.raises(UnreachableError):
            hub.clear("train")
        with pytest.raises(UnreachableError):
            hub.delete("train")
    assert [asked.split()[0] for asked in server.asked] == ["GET", "POST", "DELETE"]


def test_hub_that_is_killed_and_started_again_is_waited_for(tmp_path: Path) -> None:
    with ServeProcess(tmp_path / "serve") as serve:
        hub = RemoteHub(endpoint_of_url(serve.url, serve.token))
        assert hub.rooms() == []
        serve.kill()
        starting = threading.Timer(0.5, serve.start)
        starting.start()
        assert hub.create_link(("train",), 60.0, "", None).rooms == ("train",)  # not heard by the one that was killed
        starting.join(LIMIT_S)


def test_address_where_no_hub_ever_answered_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(remote, "sleep_s", waits.append)
    monkeypatch.setattr(remote, "monotonic_s", lambda: sum(waits))
    with pytest.raises(UnreachableError, match="is it running"):
        RemoteHub(Endpoint(f"http://127.0.0.1:{free_port()}/livedash/")).rooms()
    assert 0 < sum(waits) < limits.FIRST_ANSWER_S


def test_who_can_not_wait_asks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "sleep_s", lambda _: pytest.fail("it waits"))
    with Answering(answer("200 OK", '{"rooms": []}'), CUT) as server:
        hub = RemoteHub(server.endpoint).at_once()
        assert hub.rooms() == []
        with pytest.raises(UnreachableError):
            hub.rooms()


def test_hub_that_refused_once_counts_as_one_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(remote, "sleep_s", waits.append)
    monkeypatch.setattr(remote, "monotonic_s", lambda: sum(waits))
    with Answering(answer("404 Not Found", '{"error": {"code": "not_found", "message": "no room"}}')) as server:
        hub = RemoteHub(server.endpoint)
        with pytest.raises(NotFoundError):
            hub.state("train")
    with pytest.raises(UnreachableError):
        hub.rooms()
    assert limits.FIRST_ANSWER_S < sum(waits) < limits.REQUEST_TIMEOUT_S
