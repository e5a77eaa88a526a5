"""A list that shows itself as a small table, for rooms and links in a notebook or a shell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Listing(list[T], Generic[T]):
    """`columns`: a heading, and the text that an item has below it. `if_empty` is shown instead of a table without
    rows.
    """

    def __init__(self, items: Iterable[T], columns: Mapping[str, Callable[[T], object]], if_empty: str) -> None:
        super().__init__(items)
        self._columns = columns
        self._if_empty = if_empty

    def __repr__(self) -> str:
        return as_table(list(self._columns), self.rows()) if self else self._if_empty

    def rows(self) -> list[list[str]]:
        """The texts of the table, without its headings."""
        return [[str(text(item)) for text in self._columns.values()] for item in self]


def as_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in [headings, *rows])
    return "\n".join(line.rstrip() for line in lines)
