"""Each limit, route, setting, command, option, close code and error code stands in docs/reference."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import typer

from livedash import errors, limits
from livedash.cli.app import app
from livedash.server.app import ROUTES
from livedash.transports import close_codes
from livedash_jupyter.app import LiveDash
from tests.shape.source_tree import ROOT

REFERENCE = ROOT / "docs" / "reference"
UNITS = {"KIB", "MIB"}
SUFFIXES = {"_S": " s", "_MS": " ms", "_HZ": " Hz"}


def page(name: str) -> str:
    return (REFERENCE / name).read_text()


def constants(module: Any) -> Mapping[str, int | float]:
    return {name: value for name, value in vars(module).items() if name.isupper() and isinstance(value, int | float)}


def shown(name: str, value: float) -> str:
    """A limit's default as the docs write it: 64 MiB, 15 s, 10,000, off."""
    if value == 0:
        return "off"
    if name.endswith("_BYTES"):
        size, unit = next(
            (size, unit) for size, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B")) if value >= size
        )
        return f"{value / size:,g} {unit}"
    number = f"{value:,g}" if value < 1e5 else f"{value:,.0f}"
    return number + next((unit for suffix, unit in SUFFIXES.items() if name.endswith(suffix)), "")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("HISTORY_BYTES", 64 * 2**20, "64 MiB"),
        ("PING_INTERVAL_S", 20.0, "20 s"),
        ("READ_LIMIT_MAX", 1_000_000, "1,000,000"),
        ("RETRY_MS", 2000, "2,000 ms"),
        ("PUBLISH_RATE_BYTES", 0, "off"),
    ],
)
def test_a_limit_is_shown_with_its_unit(name: str, value: float, text: str) -> None:
    assert shown(name, value) == text


def test_each_limit_stands_in_the_docs_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+?) \|", page("limits.md"), re.MULTILINE))
    ours = {name: shown(name, value) for name, value in constants(limits).items() if name not in UNITS}
    assert rows == ours


def test_each_route_stands_in_the_protocol() -> None:
    protocol = page("protocol.md")
    places = {pattern: re.compile(r"[`/ ]" + in_docs(pattern) + r"[`? ]") for pattern, _ in ROUTES}
    assert [pattern for pattern, place in places.items() if not place.search(protocol)] == []


def in_docs(pattern: str) -> str:
    """`rooms/([^/]+)/clear` is written `rooms/{room}/clear`."""
    return r"\{\w+\}".join(re.escape(part) for part in pattern.split("([^/]+)"))


def test_each_setting_of_the_server_extension_stands_in_the_docs() -> None:
    settings = page("settings.md")
    names = [name for name, trait in LiveDash.class_own_traits(config=True).items() if trait.this_class is LiveDash]
    assert names
    assert [name for name in names if f"`LiveDash.{name}`" not in settings] == []


def test_each_close_code_stands_in_the_protocol() -> None:
    protocol = page("protocol.md")
    codes = constants(close_codes).values()
    assert codes
    assert [code for code in codes if f"`{code}`" not in protocol] == []


def test_each_error_code_stands_in_the_protocol() -> None:
    protocol = page("protocol.md")
    codes = {kind.code for kind in error_kinds(errors.LivedashError) if kind.code != errors.LivedashError.code}
    assert codes
    assert [code for code in sorted(codes) if f"`{code}`" not in protocol] == []


def error_kinds(kind: type[errors.LivedashError]) -> Iterator[type[errors.LivedashError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from error_kinds(below)


def test_each_command_has_a_section_with_its_options_and_no_other() -> None:
    sections = re.findall(r"^## `livedash (\S+)`\n(.*?)(?=^## |\Z)", page("command-line.md"), re.MULTILINE | re.DOTALL)
    written = {name: set(re.findall(r"`(--[a-z-]+)`", "\n".join(rows(text)))) for name, text in sections}
    group: Any = typer.main.get_command(app)
    commands = {name: command for name, command in group.commands.items() if not command.hidden}
    assert written.keys() == commands.keys()
    for name, command in commands.items():
        assert [option.name for option in options(command) if not ways(option) & written[name]] == [], name
        assert written[name] - {way for option in options(command) for way in ways(option)} == set(), name


def rows(text: str) -> list[str]:
    """The first column of the section's table."""
    return [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]


def options(command: Any) -> list[Any]:
    return [option for option in command.params if option.param_type_name == "option" and not option.hidden]


def ways(option: Any) -> set[str]:
    """`--browser` and `--no-browser`: either one may stand in the docs."""
    return {*option.opts, *option.secondary_opts}
