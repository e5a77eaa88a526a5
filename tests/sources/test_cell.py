from __future__ import annotations

import asyncio
from typing import Any

import pytest

from livedash.errors import SettingRefusedError
from livedash.sources.cell import function_of_cell


def test_last_expression_is_what_it_gives_and_the_names_are_the_notebook_s() -> None:
    namespace: dict[str, Any] = {"n": 0}
    run = function_of_cell("n += 1\nlast = n * 10\n{'n': n}", namespace, "<cell>")
    assert [run(), run()] == [{"n": 1}, {"n": 2}]
    assert namespace["last"] == 20


def test_functions_and_imports_of_the_cell_see_each_other() -> None:
    namespace: dict[str, Any] = {}
    run = function_of_cell("import math\ndef area(r):\n    return math.pi * r\narea(1)", namespace, "<cell>")
    assert run() == pytest.approx(3.14159, abs=1e-4)


@pytest.mark.parametrize(
    "source", ["import asyncio\nawait asyncio.sleep(0)\n7", "import asyncio\nawait asyncio.sleep(0, 7)"]
)
def test_cell_that_awaits_is_an_async_function(source: str) -> None:
    assert asyncio.run(function_of_cell(source, {}, "<cell>")()) == 7


@pytest.mark.parametrize(
    ("source", "words"),
    [("x = 1", "no expression"), ("", "no expression"), ("for", "no Python"), ("return 3", "no Python|no expression")],
)
def test_cell_that_gives_nothing_is_refused(source: str, words: str) -> None:
    with pytest.raises(SettingRefusedError, match=words):
        function_of_cell(source, {}, "<cell>")


def test_error_names_the_cell_s_line() -> None:
    run = function_of_cell("x = 1\n1 / 0", {}, "<cell 7>")
    with pytest.raises(ZeroDivisionError) as raised:
        run()
    assert (raised.traceback[-1].path, raised.traceback[-1].lineno) == ("<cell 7>", 1)
