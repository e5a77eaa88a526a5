from __future__ import annotations

from livedash.brokers.kafka_nodes import Nodes, Said, to_bytes


def after(*said: tuple[int, Said]) -> Nodes:
    nodes = Nodes()
    for at_ms, each in said:
        nodes.take(at_ms, to_bytes(each))
    return nodes


def beat(node: str, data: bytes = b"", ttl_ms: int = 100) -> Said:
    return Said("beat", node, data=data, ttl_ms=ttl_ms)


def lease(node: str, name: str = "keeper", ttl_ms: int = 100) -> Said:
    return Said("lease", node, name, ttl_ms=ttl_ms)


def test_a_node_is_there_until_its_time_is_over_or_it_leaves() -> None:
    said = [(0, beat("a", b"1")), (50, beat("b")), (60, beat("a", b"2")), (70, beat("c")), (80, Said("leave", "c"))]
    assert after(*said).beats() == {"a": b"2", "b": b""}
    assert after(*said, (155, Said("hello"))).beats() == {"a": b"2"}
    assert after(*said, (160, Said("hello"))).beats() == {}


def test_a_lease_is_the_first_ones_until_it_runs_out() -> None:
    said = [(0, lease("a")), (1, lease("b")), (90, lease("a"))]
    assert after(*said).holder("keeper") == "a"
    assert after(*said, (189, lease("b"))).holder("keeper") == "a"
    assert after(*said, (190, lease("b"))).holder("keeper") == "b"
    assert after(*said, (190, Said("hello"))).holder("keeper") is None
    assert after(*said).holder("another") is None


def test_time_never_goes_back() -> None:
    assert after((100, lease("a", ttl_ms=50)), (150, Said("hello")), (120, lease("b"))).holder("keeper") == "b"


def test_the_furthest_trim_counts() -> None:
    nodes = after((0, Said("trim", name="g", number=7)), (1, Said("trim", name="g", number=3)))
    assert (nodes.trimmed("g"), nodes.trimmed("another")) == (7, 0)


def test_what_no_livedash_wrote_says_nothing() -> None:
    nodes = after((0, beat("a")))
    nodes.take(1000, b"hello")
    assert nodes.beats() == {"a": b""}
