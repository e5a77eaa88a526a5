"""The files of this repository as the shape tests see them: Python modules by their names, and what they import."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"livedash": ROOT / "livedash", "livedash_jupyter": ROOT / "jupyter_extension" / "livedash_jupyter"}
FRONTEND = ROOT / "livedash" / "frontend"
NOT_OURS = {"node_modules", "dist", ".tests", "__pycache__", "_build", ".ipynb_checkpoints"}


@dataclass(frozen=True, slots=True)
class Import:
    """One import of a module: `target` is a module's dotted name, ours or another's."""

    target: str
    line: int


def files(folder: Path, *suffixes: str) -> Iterator[Path]:
    """The files below `folder` with one of these suffixes that people write."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.suffix in suffixes and path.is_file() and not NOT_OURS.intersection(parts):
            yield path


@cache
def modules() -> Mapping[str, Path]:
    """Each module of ours, by its dotted name; a package has the name of its folder."""
    found = {}
    for package, folder in PACKAGES.items():
        for path in files(folder, ".py"):
            parts = [package, *path.relative_to(folder).with_suffix("").parts]
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(module: str) -> tuple[Import, ...]:
    """All that a module imports, inside functions and under TYPE_CHECKING as well."""
    path = modules()[module]
    tree = ast.parse(path.read_text(), str(path))
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: list[Import] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(node, package)
            found += [Import(_target(origin, alias.name), node.lineno) for alias in node.names]
    return tuple(found)


def _origin(node: ast.ImportFrom, package: str) -> str:
    """The absolute name of what stands after `from`."""
    if not node.level:
        return node.module or ""
    parents = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*parents, node.module] if node.module else parents)


def _target(origin: str, name: str) -> str:
    """`from livedash.wire import names` imports the module livedash.wire.names, not a name of livedash.wire."""
    return f"{origin}.{name}" if f"{origin}.{name}" in modules() else origin


def is_ours(target: str) -> bool:
    return target.partition(".")[0] in PACKAGES
