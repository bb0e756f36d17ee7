"""How Sphinx makes pages of this folder: `make docs`, with the extra `docs`. Every link is followed; one that leads nowhere fails.

The pages are Markdown, readable on the forge as they are. A page outside of this folder, such as the README, is copied beside them.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

project = "k8s-audit"
extensions = ["myst_parser"]
html_theme = "alabaster"
html_title = project
html_theme_options = {"page_width": "1200px", "fixed_sidebar": True}
nitpicky = True
myst_heading_anchors = 3
highlight_language = "none"
OUTSIDE = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+[^)#]+\.md)(?:#[^)]*)?\)")


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", copied)


def copied(app: Sphinx, page: str, source: list[str]) -> None:
    """Turn links to Markdown outside of this folder into downloads, which Sphinx copies; a page of its own it would miss."""
    here = (Path(app.srcdir) / page).parent

    def link(found: re.Match[str]) -> str:
        inside = (here / found[2]).resolve().is_relative_to(app.srcdir)
        return found[0] if inside else f"{{download}}`{found[1]} <{found[2]}>`"

    source[0] = OUTSIDE.sub(link, source[0])
