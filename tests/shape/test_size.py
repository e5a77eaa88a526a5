"""A file that grows and grows holds two nouns; a suppressed check is a debt that is counted."""

from __future__ import annotations

import re
from pathlib import Path

from tests.shape.source_tree import FRONTEND, ROOT, files, modules

MOST_LINES = 350
MOST_LINES_OF_TESTS = 450  # one file tests one noun, and a noun may have many behaviours
MOST_SUPPRESSIONS = 9
SUPPRESSION = re.compile(r"# (?:noqa|type: ignore)(?P<code>: ?[A-Z]+\d+(?:, ?[A-Z]+\d+)*|\[[\w\-, ]+\])?(?P<reason>.*)")


def test_files_are_short_enough_to_hold_one_noun() -> None:
    sources = [*modules().values(), *files(FRONTEND / "src", ".ts")]
    tests = [*files(FRONTEND / "tests", ".ts"), *files(ROOT / "tests", ".py")]
    assert longer(sources, MOST_LINES) | longer(tests, MOST_LINES_OF_TESTS) == {}


def longer(paths: list[Path], most: int) -> dict[str, int]:
    lines = {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in paths}
    return {path: count for path, count in lines.items() if count > most}


def test_suppressed_checks_are_few_and_each_says_which_and_why() -> None:
    found = [
        (f"{path.relative_to(ROOT)}:{number}", match)
        for path in modules().values()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (match := SUPPRESSION.search(line))
    ]
    assert [where for where, match in found if not match["code"] or len(match["reason"].strip(" -#")) < 8] == []
    assert len(found) <= MOST_SUPPRESSIONS, [where for where, _ in found]
