"""A file that grows and grows holds two nouns; a suppressed check is a debt that is counted."""

from __future__ import annotations

import re

from tests.shape.source_tree import FRONTEND, ROOT, files, modules

MOST_LINES = 350
MOST_SUPPRESSIONS = 9
SUPPRESSION = re.compile(r"# (?:noqa|type: ignore)(?P<code>: ?[A-Z]+\d+(?:, ?[A-Z]+\d+)*|\[[\w\-, ]+\])?(?P<reason>.*)")


def test_files_are_short_enough_to_hold_one_noun() -> None:
    written = [*modules().values(), *files(FRONTEND, ".ts"), *files(ROOT / "tests", ".py")]
    lines = {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in written}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_suppressed_checks_are_few_and_each_says_which_and_why() -> None:
    found = [
        (f"{path.relative_to(ROOT)}:{number}", match)
        for path in modules().values()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (match := SUPPRESSION.search(line))
    ]
    assert [where for where, match in found if not match["code"] or len(match["reason"].strip(" -#")) < 10] == []
    assert len(found) <= MOST_SUPPRESSIONS, [where for where, _ in found]
