"""What the docs' pages show: fenced blocks, and the commands in lines that are set in."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.project import CHECKOUT

ROOT = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "policies/README.md")
PAGES = [*(CHECKOUT / name for name in ROOT), *sorted((CHECKOUT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def title(page: Path) -> str:
    return str(page.relative_to(CHECKOUT))


def of(page: Path, language: str) -> list[str]:
    """A page's blocks in a language."""
    return [text for kind, text in BLOCK.findall(page.read_text()) if kind == language]


def blocks(language: str) -> list[Any]:
    """All pages' blocks in a language, as parameters of a test."""
    return [
        pytest.param(text, id=f"{title(page)}-{number}")
        for page in PAGES
        for number, text in enumerate(of(page, language))
    ]


def commands(page: Path, *programs: str) -> list[str]:
    """The lines that call one of these programs, as they stand there, without what comments them."""
    whole = page.read_text().replace("\\\n", " ")
    lines = re.findall(rf"^ {{4}}(?:\$ )?((?:{'|'.join(programs)}) .*)$", whole, re.MULTILINE)
    bare = (re.sub(r"\s+#.*", "", line).replace("[--json]", "--json") for line in lines)
    return [line for line in bare if "..." not in line and "FILE" not in line]
