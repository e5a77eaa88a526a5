from __future__ import annotations

from livedash import limits
from livedash.core.elsewhere import Elsewhere, Move, Seen
from livedash.core.grant import Grant
from livedash.wire.messages import ViewerInfo


def seen(viewer_id: str, since: float = 1.0, link_id: str | None = None) -> Seen:
    return Seen(ViewerInfo(viewer_id, f"label of {viewer_id}", since), link_id)


def move(viewer_id: str, room: str = "train", since: float = 1.0, link_id: str | None = None) -> Move:
    return room, seen(viewer_id, since, link_id)


def test_who_comes_to_another_hub_and_leaves_it_is_told_once() -> None:
    others = Elsewhere()
    assert others.take("a", [move("1")], [], is_all=False) == ([move("1")], [])
    assert others.take("a", [move("1")], [], is_all=False) == ([], [])
    assert others.viewers("train") == [seen("1")]
    assert others.take("a", [], [("train", "1")], is_all=False) == ([], [move("1")])
    assert others.take("a", [], [("train", "1")], is_all=False) == ([], [])
    assert others.viewers("train") == []


def test_a_viewer_of_two_hubs_is_one_and_has_left_when_it_has_left_both() -> None:
    others = Elsewhere()
    others.take("a", [move("1", since=5.0)], [], is_all=False)
    assert others.take("b", [move("1", since=3.0)], [], is_all=False) == ([], [])
    assert others.viewers("train") == [seen("1", 3.0)]
    assert others.take("b", [], [("train", "1")], is_all=False) == ([], [])
    assert others.viewers("train") == [seen("1", 5.0)]
    assert others.take("a", [], [("train", "1")], is_all=False)[1] == [move("1", since=5.0)]


def test_what_a_hub_says_of_all_its_viewers_replaces_what_it_said_before() -> None:
    others = Elsewhere()
    others.take("a", [move("1"), move("2"), move("1", "other")], [], is_all=False)
    joined, left = others.take("a", [move("2"), move("3")], [], is_all=True)
    assert (joined, sorted(room for room, _ in left)) == ([move("3")], ["other", "train"])
    assert {each.id for each in others.viewers("train")} == {"2", "3"}


def test_viewers_of_a_hub_that_is_gone_are_not_shown_and_have_left_after_the_grace() -> None:
    others = Elsewhere()
    others.take("a", [move("1"), move("2")], [], is_all=False)
    others.take("b", [move("2")], [], is_all=False)
    others.miss("a")
    assert [each.id for each in others.viewers("train")] == ["2"]
    assert others.has("train", "1")
    assert others.take_left(0.0) == others.take_left(limits.PRESENCE_GRACE_S - 1) == []
    assert others.take_left(limits.PRESENCE_GRACE_S) == [move("1")]
    assert (others.take_left(1e9), others.nodes, others.has("train", "1")) == ([], ["b"], False)


def test_a_hub_that_speaks_again_was_not_gone() -> None:
    others = Elsewhere()
    others.take("a", [move("1")], [], is_all=False)
    others.miss("a")
    others.take_left(0.0)
    assert others.take("a", [move("1")], [], is_all=True) == ([], [])
    assert others.take_left(1e9) == []
    assert others.viewers("train") == [seen("1")]


def test_viewers_by_a_link_are_counted_once_each() -> None:
    others = Elsewhere()
    by_link = [move("1", link_id="l"), move("1", "other", link_id="l"), move("2", link_id="m"), move("3")]
    others.take("a", by_link, [], is_all=False)
    others.take("b", [move("1", link_id="l"), move("4", link_id="l")], [], is_all=False)
    assert others.by_link("l") == {"1", "4"}
    others.miss("b")
    assert others.by_link("l") == {"1"}


def test_a_link_sees_the_labels_of_its_own_viewers_only() -> None:
    reader = Grant("link:l", link_id="l")
    assert seen("1", link_id="l").seen_by(reader).label == "label of 1"
    assert seen("1", link_id="m").seen_by(reader) == ViewerInfo("1", "", 1.0)
    assert seen("1").seen_by(Grant("ada")).label == "label of 1"


def test_all_viewers_of_a_hub_in_several_parts_replace_the_former_ones_at_the_last() -> None:
    others = Elsewhere()
    others.take("a", [move("1"), move("2"), move("3")], [], is_all=True)
    assert others.take("a", [move("2")], [], is_all=True, more=True) == ([], [])
    assert others.take("a", [move("4")], [], more=True) == ([move("4")], [])
    assert others.take("a", [move("3")], []) == ([], [move("1")])
    assert others.take("a", [], []) == ([], [])
