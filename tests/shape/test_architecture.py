"""The layers of docs/explanation/design.md: imports go down only, and rules do no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.shape.source_tree import FRONTEND, ROOT, files, imports, is_ours, modules

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "limits", "clock", "version"}),
    frozenset({"wire"}),
    frozenset({"core", "sharing"}),
    frozenset({"brokers", "store", "transports"}),
    frozenset({"server", "client"}),
    frozenset({"sources", "panels"}),
    frozenset({"api"}),
    frozenset({"livedash", "magics", "cli", "livedash_jupyter", "__main__"}),
)
LAYER = {part: number for number, parts in enumerate(LAYERS) for part in parts}
TOP = len(LAYERS) - 1
# doors that open onto another door; the demo is written as its users would write it
SIDEWAYS = {("__main__", "cli"), ("livedash", "magics"), ("cli", "livedash")}
BESIDE = "testing"  # is for tests: it may use all that doors may, and nobody uses it

RULES = ("wire", "core", "sharing")
NO_RULE_IMPORTS = {
    *("asyncio", "concurrent", "threading", "multiprocessing", "queue", "contextvars"),  # no loop, no thread
    *("socket", "ssl", "http", "urllib", "tornado", "subprocess", "selectors"),  # no network
    *("time", "random", "secrets"),  # time and randomness are passed in
    *("os", "pathlib", "tempfile", "shutil"),  # no file
}
NAMELESS = {"util", "utils", "helper", "helpers", "common", "misc", "base", "shared_code", "stuff"}


def part_of(module: str) -> str:
    """The part of the architecture that a module belongs to: `core` for livedash.core.room, `livedash` for livedash."""
    package, _, rest = module.partition(".")
    return rest.partition(".")[0] if package == "livedash" and rest else package


def imports_between_parts() -> Iterator[tuple[str, str, str]]:
    """(where, importing part, imported part) for each import of ours that crosses from one part to another."""
    for module, path in modules().items():
        for found in imports(module):
            if is_ours(found.target) and part_of(found.target) != part_of(module):
                where = f"{path.relative_to(ROOT)}:{found.line} imports {found.target}"
                yield where, part_of(module), part_of(found.target)


def is_allowed(importing: str, imported: str) -> bool:
    if imported == BESIDE:
        return False
    if importing == BESIDE:
        return LAYER[imported] < TOP
    return LAYER[imported] < LAYER[importing] or (importing, imported) in SIDEWAYS


def test_each_module_stands_in_a_layer() -> None:
    assert {part_of(module) for module in modules()} <= {*LAYER, BESIDE}


def test_modules_import_only_from_layers_below_their_own() -> None:
    assert [
        where for where, importing, imported in imports_between_parts() if not is_allowed(importing, imported)
    ] == []


def test_no_module_imports_itself_by_a_circle() -> None:
    graph = {module: sorted({found.target for found in imports(module)} & modules().keys()) for module in modules()}
    assert circle(graph) == []


def circle(graph: dict[str, list[str]]) -> list[str]:
    """Some circle of the graph as the path along it, or []."""
    done: set[str] = set()

    def walk(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        for target in graph[module]:
            if found := walk(target, [*path, module]):
                return found
        done.add(module)
        return []

    return next((found for module in graph if (found := walk(module, []))), [])


def test_a_circle_is_found() -> None:
    assert circle({"a": ["b"], "b": ["c"], "c": ["b"]}) == ["b", "c", "b"]
    assert circle({"a": ["b", "c"], "b": ["c"], "c": []}) == []


@pytest.mark.parametrize("part", RULES)
def test_rules_import_no_io_no_clock_and_no_randomness(part: str) -> None:
    assert [
        f"{modules()[module].relative_to(ROOT)}:{found.line} imports {found.target}"
        for module in modules()
        if part_of(module) == part
        for found in imports(module)
        if found.target.partition(".")[0] in NO_RULE_IMPORTS
    ] == []


def test_only_the_clock_asks_the_system_for_the_time() -> None:
    users = {module for module in modules() if any(found.target == "time" for found in imports(module))}
    assert users == {"livedash.clock"}


def test_each_file_has_a_name_of_its_own() -> None:
    written = [*modules().values(), *files(FRONTEND, ".ts", ".mjs"), *files(ROOT / "tests", ".py")]
    words = {path: set(re.split(r"[_.-]", path.stem.lower())) for path in written}
    assert [str(path.relative_to(ROOT)) for path in written if words[path] & NAMELESS] == []
