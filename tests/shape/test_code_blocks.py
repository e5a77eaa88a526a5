"""Every code block of README and docs does what it says; CONTRIBUTING.md has the rules for each fence."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
import typer

from livedash.cli.app import app
from tests.end_to_end.serve import ServeProcess
from tests.shape.notebook_run import run_notebook
from tests.shape.pages import PAGES, CodeBlock, code_blocks
from tests.shape.source_tree import ROOT

RUN, READ = ("python", "bash"), ("console", "json")
SHOWN = ("js", "html", "text", "ini", "nginx", "mermaid")  # shown to the reader, run by no test


def by_path(value: Path) -> str:
    return str(value.relative_to(ROOT))


def pages_that_run() -> list[Path]:
    return [page for page in PAGES if any(block.language in RUN for block in code_blocks(page))]


def as_cell(block: CodeBlock) -> str:
    return block.text if block.language == "python" else f"%%bash\nset -euo pipefail\n{block.text}"


@pytest.mark.parametrize("page", PAGES, ids=by_path)
def test_each_block_names_a_language_that_is_known(page: Path) -> None:
    known = {*RUN, *READ, *SHOWN}
    assert [f"{block.where} {block.language!r}" for block in code_blocks(page) if block.language not in known] == []


@pytest.mark.parametrize("page", pages_that_run(), ids=by_path)
def test_blocks_of_a_page_run_as_the_cells_of_one_notebook(page: Path, serve: ServeProcess, tmp_path: Path) -> None:
    v4: Any = nbformat.v4
    cells = [v4.new_code_cell(as_cell(block)) for block in code_blocks(page) if block.language in RUN]
    scripts = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    run_notebook(v4.new_notebook(cells=cells), tmp_path, {**serve.environment, "PATH": scripts})


@pytest.mark.parametrize("page", PAGES, ids=by_path)
def test_json_blocks_are_json(page: Path) -> None:
    for block in code_blocks(page):
        if block.language == "json":
            json.loads(block.text)


@pytest.mark.parametrize("page", PAGES, ids=by_path)
def test_console_blocks_show_commands_that_the_command_line_knows(page: Path) -> None:
    for block in code_blocks(page):
        if block.language == "console":
            lines = [line.removeprefix("$ ") for line in block.text.splitlines() if line.startswith("$ ")]
            assert lines, f"{block.where}: no line starts with '$ '; where all of it is output, the language is text"
            for words in (words for line in lines for words in commands(line)):
                if words[0] == "livedash":
                    parse(words[1:])


def commands(line: str) -> list[list[str]]:
    """The simple commands of a shell's line: split at pipes and the like, without redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set("|&;"):
            found.append([])
        elif set(word) <= set("<>"):
            next(lexer)
        else:
            found[-1].append(word)
    return [words for words in found if words]


def parse(words: list[str]) -> None:
    """Reads a command's arguments by the command line's own parser and runs nothing; raises its UsageError."""
    group: Any = typer.main.get_command(app)
    context = group.make_context("livedash", words[:1], resilient_parsing=True)
    name, _, _ = group.resolve_command(context, words[:1])
    group.get_command(context, name).make_context(name, words[1:], parent=context)


def test_a_line_is_split_into_its_commands() -> None:
    assert commands("livedash tail train --json | head -n 3 > out.txt && echo 'a | b'") == [
        ["livedash", "tail", "train", "--json"],
        ["head", "-n", "3"],
        ["echo", "a | b"],
    ]
