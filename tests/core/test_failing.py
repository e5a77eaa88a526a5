from __future__ import annotations

import pytest

from livedash import limits
from livedash.core.failing import FailingSources
from livedash.core.grant import Grant
from livedash.errors import LimitReachedError, NameRefusedError
from livedash.testing.viewer import MemoryViewer
from livedash.wire.messages import Failing
from tests.core.stage import Stage


def test_last_error_of_each_source_is_kept_until_it_is_well() -> None:
    failing = FailingSources()
    assert failing.note("p1", "cpu", "read", "OSError: one")
    assert failing.note("p1", "cpu", "read", "OSError: two")
    assert failing.note("p1", "cpu", "ping", "TimeoutError")
    assert failing.of("cpu") == {"read": "OSError: two", "ping": "TimeoutError"}
    assert failing.note("p1", "cpu", "read", None)
    assert failing.of("cpu") == {"ping": "TimeoutError"}
    assert failing.of("memory") == {}


def test_what_was_told_already_is_no_news() -> None:
    failing = FailingSources()
    failing.note("p1", "cpu", "read", "OSError")
    assert not failing.note("p1", "cpu", "read", "OSError")
    assert not failing.note("p1", "cpu", "ping", None)


def test_what_fails_on_a_connection_ends_with_it() -> None:
    failing = FailingSources()
    failing.note("p1", "cpu", "read", "OSError")
    failing.note("p1", "disk", "read", "OSError")
    failing.note("p2", "cpu", "read", "TimeoutError")
    assert failing.forget_publisher("p1") == ["cpu", "disk"]
    assert failing.of("cpu") == {"read": "TimeoutError"}
    assert failing.count == 1


def test_long_error_is_cut_and_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FAILING_SOURCES", 1)
    failing = FailingSources()
    failing.note("p1", "cpu", "read", "x" * 10_000)
    assert failing.of("cpu") == {"read": "x" * limits.FAILING_CHARACTERS}
    with pytest.raises(LimitReachedError):
        failing.note("p1", "cpu", "ping", "OSError")
    assert failing.note("p1", "cpu", "read", "another error of one that is known")


def test_readers_of_a_room_that_does_not_exist_yet_hear_what_fails_there() -> None:
    stage = Stage()
    kernel, viewer = MemoryViewer(stage.hub, stage.clock), stage.viewer("cpu")
    viewer.take()
    stage.hub.note_failing("cpu", "read", "OSError", kernel.session)
    assert viewer.take() == [Failing("cpu", {"read": "OSError"})]
    late = stage.viewer("cpu")
    assert Failing("cpu", {"read": "OSError"}) in late.take()
    kernel.session.close()
    assert viewer.take() == [Failing("cpu", {})]


def test_reader_by_a_link_hears_that_a_source_fails_and_not_with_what() -> None:
    stage = Stage()
    kernel = MemoryViewer(stage.hub, stage.clock)
    guest = MemoryViewer(stage.hub, stage.clock, Grant("link", read=("cpu",), link_id="l1"))
    guest.read("cpu", "now")
    guest.take()
    stage.hub.note_failing("cpu", "read", "password=hunter2 was refused", kernel.session)
    assert guest.take() == [Failing("cpu", {"read": ""})]


def test_room_that_can_not_be_is_refused() -> None:
    stage = Stage()
    kernel = MemoryViewer(stage.hub, stage.clock)
    with pytest.raises(NameRefusedError):
        stage.hub.note_failing("no room", "read", "OSError", kernel.session)
