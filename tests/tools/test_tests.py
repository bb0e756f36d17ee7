"""The run of all tests: a few that fail are run once more, alone; the others are believed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import CHECKOUT

UNSTEADY = """\
import pathlib
def test_unsteady():
    seen = pathlib.Path("seen")
    fresh = not seen.exists()
    seen.touch()
    assert not fresh
def test_steady():
    assert True
"""
BROKEN = "import pytest\n@pytest.mark.parametrize('n', range({}))\ndef test_broken(n):\n    assert n < 0\n"


@pytest.mark.parametrize(
    ("text", "code", "said", "not_said"),
    [
        (
            UNSTEADY,
            0,
            "Unsteady, for they failed beside others and passed alone: test_it.py::test_unsteady.",
            "0 passed",
        ),
        (BROKEN.format(2), 1, "2 failed beside others; once more, alone: test_it.py::test_broken[0], ", "Unsteady"),
        (BROKEN.format(4), 1, "4 failed", "once more"),
    ],
)
def test_a_few_that_fail_are_run_once_more(tmp_path: Path, text: str, code: int, said: str, not_said: str) -> None:
    (tmp_path / "test_it.py").write_text(text)
    known = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "tools.tests", "-p", "no:hypothesispytest"],
        cwd=tmp_path,
        env=known | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, said in done.stdout, not_said in done.stdout) == (code, True, False), done.stdout
