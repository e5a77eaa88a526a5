from __future__ import annotations

from livedash import limits
from livedash.client.contract import HubAccess
from livedash.client.process import Process
from livedash.errors import UnreachableError
from livedash.panels.grid import dashboard_spec
from livedash.panels.static_picture import static_picture


def picture(process: Process, *rooms: str, title: str | None = None) -> str:
    process.publisher.flush(5)
    return static_picture(dashboard_spec([list(rooms)], title), process.hub().access)


def test_picture_has_the_latest_values_of_each_room(process: Process) -> None:
    process.publisher.push("train", loss=0.5)
    process.publisher.push("train", loss=0.123456789, note="best")
    process.publisher.push("test", accuracy=1)
    text = picture(process, "train", "test", title="run 7")
    assert [part in text for part in ("run 7", "train", "0.123457", "best", "test", "accuracy")] == [True] * 6
    assert "0.5" not in text


def test_picture_of_a_keyed_room_has_a_line_for_each_key(process: Process) -> None:
    process.hub().access.configure("prices", {"key": "symbol"})
    process.publisher.push("prices", [{"price": 1.5, "symbol": "A"}, {"price": 2, "symbol": "B"}, {"symbol": "C"}])
    process.publisher.push("prices", [{"price": 3, "symbol": "A"}, {"symbol": "B", "_deleted": True}])
    text = picture(process, "prices")
    lines = "<tr><td>A</td><td style='text-align:right'>3</td></tr><tr><td>C</td><td></td></tr>"
    assert f"<tr><th>symbol</th><th>price</th></tr>{lines}</table>" in text
    assert "_deleted" not in text
    assert "…" not in text


def test_picture_of_many_keys_has_the_first_of_them_and_says_that_there_are_more(process: Process) -> None:
    process.hub().access.configure("prices", {"key": "id"})
    fields = {f"field_{number}": 0.1 * number for number in range(50)}
    process.publisher.push("prices", [{"id": f"key {number}"} | fields for number in range(10_000)])
    text = picture(process, "prices")
    assert len(text.encode()) <= limits.STATIC_PICTURE_BYTES
    assert [part in text for part in ("key 0", "key 5", "key 9000", "…", "field_0")] == [True, True, False, True, True]


def test_room_without_a_record_and_a_glob_say_so(process: Process) -> None:
    assert picture(process, "nothing", "lab.*").count("no record yet") == 2


def test_names_and_values_are_escaped_and_cut(process: Process) -> None:
    process.publisher.push("train", {"<b>": "<script>alert(1)</script>", "long": "x" * 1000})
    text = picture(process, "train", title="<i>")
    assert not any(part in text for part in ("<script", "<i>", "x" * 100))
    assert "&lt;script&gt;" in text


def test_picture_is_small_whatever_the_rooms_hold(process: Process) -> None:
    wide = {f"field_{number}" + "é" * 60: "\U0001f600" * 60 for number in range(100)}
    for room in "abcdef":
        process.publisher.push(room, wide)
    text = picture(process, *"abcdef")
    assert len(text.encode()) <= limits.STATIC_PICTURE_BYTES
    assert "<b>a</b>" in text


def test_hub_that_does_not_answer_is_asked_once() -> None:
    asked: list[str] = []

    class Silent(HubAccess):
        def read(self, room: str, since: str, limit: int) -> object:  # type: ignore[override]
            asked.append(room)
            raise UnreachableError("no answer")

    text = static_picture(dashboard_spec([["a", "b", "c"]]), Silent())
    assert asked == ["a"]
    assert "livedash panel" in text
