"""Which entries of which nodes were made: each node counts its own, and now and then some of them are missing."""

from __future__ import annotations

from collections import OrderedDict

from livedash import limits

Ranges = list[tuple[int, int]]  # ascending, first and last


class Numbers:
    """Of all nodes; those of which nothing came for longest are forgotten."""

    def __init__(self, known: dict[str, Ranges] | None = None) -> None:
        self._ranges: OrderedDict[str, Ranges] = OrderedDict(known or {})

    def has(self, node: str, number: int) -> bool:
        return any(first <= number <= last for first, last in reversed(self._ranges.get(node, [])))

    def add(self, node: str, number: int) -> None:
        ranges = self._ranges.setdefault(node, [])
        self._ranges.move_to_end(node)
        if not ranges or number > ranges[-1][1] + 1:
            ranges.append((number, number))
        elif number == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], number)
        elif not self.has(node, number):
            ranges.append((number, number))
            ranges[:] = _joined(sorted(ranges))
        if len(self._ranges) > limits.BROKER_NODES:
            self._ranges.popitem(last=False)

    def all(self) -> dict[str, Ranges]:
        return {node: list(ranges) for node, ranges in self._ranges.items()}


def _joined(ranges: Ranges) -> Ranges:
    joined = [ranges[0]]
    for first, last in ranges[1:]:
        if first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
