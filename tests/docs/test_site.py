"""The pages as a site, and those of them that are made of the code."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import CHECKOUT
from tools.reference import pages


def test_the_reference_is_what_the_code_says() -> None:
    for name, text in pages().items():
        assert (CHECKOUT / "docs" / "reference" / name).read_text() == text, "python -m tools.reference"


def test_every_page_is_in_the_site_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    pytest.importorskip("myst_parser", reason="the extra docs is not installed")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", str(CHECKOUT / "docs"), str(tmp_path)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    sources = {page.relative_to(CHECKOUT / "docs").with_suffix("") for page in (CHECKOUT / "docs").rglob("*.md")}
    assert {tmp_path / f"{page}.html" for page in sources} <= set(tmp_path.rglob("*.html"))
