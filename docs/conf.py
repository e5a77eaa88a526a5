"""How `make docs` builds these pages; what they say lives beside it, in Markdown."""

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

from livedash.version import __version__

project = "livedash"
author = "livedash developers"
copyright = "2026, livedash developers"
release = version = __version__

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3  # a link can name a heading: protocol.md#close-codes
nitpicky = True

html_theme = "furo"
html_title = f"livedash {release}"
html_theme_options = {"source_edit_link": ""}
html_copy_source = False
html_show_sphinx = False


def setup(app: Sphinx) -> None:
    """Diagrams stay text here: drawing them would load a script from elsewhere. The forge draws them."""
    app.add_lexer("mermaid", TextLexer)
