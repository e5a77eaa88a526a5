"""README and docs as the shape tests see them: their pages, and the code blocks of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from tests.shape.source_tree import ROOT, files

PAGES = (ROOT / "README.md", *files(ROOT / "docs", ".md"))


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced block: what stands after its fence is the language, and `line` is the fence's own, from 1."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def code_blocks(page: Path) -> Iterator[CodeBlock]:
    """The page's blocks in order, without MyST's own directives (```{toctree} and the like)."""
    for token in MarkdownIt().parse(page.read_text()):
        if token.type in {"fence", "code_block"} and not token.info.startswith("{"):
            assert token.map is not None
            yield CodeBlock(page, token.map[0] + 1, token.info.strip(), token.content)
