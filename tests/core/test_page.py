from __future__ import annotations

import pytest

from livedash.core.page import read_page
from livedash.errors import CursorRefusedError, GoneError, NotFoundError, SettingRefusedError
from tests.core.stage import Stage


@pytest.fixture
def stage() -> Stage:
    stage = Stage(history_records=6)
    stage.push_numbers(1, 10)
    return stage


def read(stage: Stage, since: str, limit: int = 100) -> list[int]:
    return [record["n"] for record in read_page(stage.hub, "train", since, limit).batch.records()]


def test_history_is_read_from_where_it_was_asked_for(stage: Stage) -> None:
    assert read(stage, "earliest") == [5, 6, 7, 8, 9, 10]
    assert read(stage, "-2") == [9, 10]
    assert read(stage, "now") == []
    assert read(stage, "snapshot", 3) == [8, 9, 10]
    assert read(stage, f"train:{stage.epoch}-8") == [9, 10]
    assert read(stage, "train:0-0", 2) == [5, 6]


def test_snapshot_of_a_keyed_room_is_the_latest_record_of_each_key() -> None:
    stage = Stage(key="id", history_records=1)
    stage.push({"id": "a", "n": 1}, {"id": "b", "n": 2}, {"id": "a", "n": 3}, {"id": "c", "n": 4})
    stage.push({"id": "c", "n": 5, "_deleted": True})
    assert (read(stage, "snapshot"), read(stage, "snapshot", 1), read(stage, "earliest")) == ([3, 2], [3], [5])
    assert read_page(stage.hub, "train", "snapshot", 100).position.offset == 5


def test_pages_follow_each_other_without_a_hole(stage: Stage) -> None:
    seen: list[int] = []
    since = "earliest"
    while (page := read_page(stage.hub, "train", since, 4)).batch.count:
        assert page.first == page.position.offset - page.batch.count + 1
        seen += [record["n"] for record in page.batch.records()]
        since = f"train:{page.position}"
    assert seen == [5, 6, 7, 8, 9, 10]


@pytest.mark.parametrize("cursor", ["train:{epoch}-2", "train:{epoch}-99", "train:zzz-9"])
def test_a_cursor_that_history_can_not_go_on_from_is_gone(stage: Stage, cursor: str) -> None:
    with pytest.raises(GoneError, match="read again from since=earliest"):
        read(stage, cursor.format(epoch=stage.epoch))


def test_what_is_no_start_is_refused(stage: Stage) -> None:
    with pytest.raises(CursorRefusedError):
        read(stage, "train:x")
    with pytest.raises(SettingRefusedError):
        read(stage, "yesterday")
    with pytest.raises(NotFoundError):
        read_page(stage.hub, "nothing", "earliest", 5)


def test_a_page_of_records_with_fields_of_their_own_is_shorter_and_says_how_far_it_goes() -> None:
    stage = Stage()
    for number in range(3000):
        stage.push({f"user-{number}": 1})
    page = read_page(stage.hub, "train", "earliest", 3000)
    assert 0 < page.batch.count < 3000
    assert page.position.offset == page.batch.count


def test_a_cursor_of_the_epoch_that_a_room_goes_on_from_reads_on_as_far_as_that_went(stage: Stage) -> None:
    stage.hub.room("train").note_continued("before", 8)
    assert read(stage, "train:before-7") == [8, 9, 10]
    with pytest.raises(GoneError):
        read(stage, "train:before-9")
