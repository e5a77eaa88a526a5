from __future__ import annotations

import re

from livedash.core.subscription import TRANSITIONS
from tests.shape.source_tree import ROOT


def test_the_diagram_in_the_docs_is_that_of_the_table() -> None:
    page = (ROOT / "docs" / "explanation" / "design.md").read_text()
    drawn = re.findall(r"^    (\w+) --> (\w+): (\w+)$", page, re.MULTILINE)
    table = [(before.name, after.name, event.name) for (before, event), after in TRANSITIONS.items()]
    assert sorted(drawn) == sorted(tuple(name.lower() for name in row) for row in table)
