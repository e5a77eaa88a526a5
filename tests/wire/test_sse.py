from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash import limits
from livedash.errors import ProtocolError
from livedash.wire.sse import KEEP_ALIVE, Event, Parser, event_block

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "sse.json").read_text(encoding="utf-8")
)
each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])


def parsed(data: bytes, *cuts: int) -> list[Event]:
    parser = Parser()
    ends = [*sorted(cuts), len(data)]
    events: list[Event] = []
    start = 0
    for end in ends:
        events += parser.feed(data[start:end])
        start = end
    return events


def expected(vector: dict[str, Any]) -> list[Event]:
    return [Event(event["event"], event["data"], event["id"]) for event in vector["events"]]


@each_vector
def test_a_stream_is_read_by_the_rules_of_the_whatwg(vector: dict[str, Any]) -> None:
    assert parsed(vector["text"].encode()) == expected(vector)


@each_vector
def test_a_stream_that_comes_byte_by_byte_is_read_the_same(vector: dict[str, Any]) -> None:
    data = vector["text"].encode()
    assert parsed(data, *range(1, len(data))) == expected(vector)


def test_only_digits_say_when_to_come_back() -> None:
    parser = Parser()
    parser.feed(b"retry: 2500\nretry: 1e3\nretry: -1\nretry\nretry: \xd9\xa3\n\n")
    assert parser.retry_ms == 2500


@given(st.text("dat:ievn \r\n\0\ufeffé🔥9", max_size=60), st.data())
def test_where_a_stream_is_cut_changes_nothing(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=8))
    assert parsed(raw, *cuts) == parsed(raw)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_without_an_error(raw: bytes) -> None:
    parsed(raw)


def test_an_event_that_ends_in_cr_is_given_at_once() -> None:
    parser = Parser()
    assert parser.feed(b"data: a\r\r") == [Event("message", "a", "")]
    assert parser.feed(b"\ndata: b\r\n\r\n") == [Event("message", "b", "")]


def test_an_id_lasts_until_another_one_comes_and_an_empty_one_resets_it() -> None:
    events = parsed(b"id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n")
    assert [event.event_id for event in events] == ["7", "7", ""]


def test_a_block_with_an_id_alone_moves_the_cursor_and_is_no_event() -> None:
    parser = Parser()
    assert parser.feed(b"id: 7\n\n") == []
    assert parser.last_event_id == "7"


def test_a_keep_alive_is_a_comment_and_no_event() -> None:
    parser = Parser()
    assert parser.feed(KEEP_ALIVE) == []
    assert parser.comments == 1


def test_an_event_that_never_ends_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EVENT_CHARACTERS", 1000)
    for endless in (b"data: 12345", b"data: 12345\n"):
        parser = Parser()
        with pytest.raises(ProtocolError, match="more than 1000 characters"):
            feed_often(parser, endless)
    feed_often(Parser(), b"data: 12345\n\n")


def feed_often(parser: Parser, data: bytes) -> None:
    for _ in range(200):
        parser.feed(data)


def test_a_long_line_in_many_pieces_takes_time_in_proportion_to_its_length() -> None:
    parser = Parser()
    parser.feed(b"data: ")
    for _ in range(5000):
        assert parser.feed(b"x" * 1000) == []
    (event,) = parser.feed(b"\n\n")
    assert len(event.data) == 5_000_000


# Writing


@given(st.text(), st.none() | st.just("lab3.furnace"), st.none() | st.just("lab3.furnace:k3x9-41"))
def test_a_block_is_read_as_the_event_that_was_written(data: str, event: str | None, event_id: str | None) -> None:
    (read,) = parsed(event_block(data.encode(), event=event, event_id=event_id))
    as_lines = data.replace("\r\n", "\n").replace("\r", "\n")
    assert read == Event(event or "message", as_lines, event_id or "")


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_line_break_in_data_can_write_no_event_of_its_own(end: str) -> None:
    hostile = f"a{end}{end}event: livedash.bye{end}data: fooled{end}id: x{end}{end}"
    (read,) = parsed(event_block(hostile.encode(), event_id="train:k3x9-1"))
    assert (read.event, read.event_id) == ("message", "train:k3x9-1")


def test_a_block_tells_when_to_come_back() -> None:
    parser = Parser()
    parser.feed(event_block(b"{}", event="livedash.start", retry_ms=2500))
    assert parser.retry_ms == 2500


def test_an_event_without_a_name_has_no_event_line() -> None:
    assert event_block(b'{"a":1}', event_id="r:e-1") == b'data: {"a":1}\nid: r:e-1\n\n'
