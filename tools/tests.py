"""All tests, four at a time. The few that fail so are run once more, alone: on a busy machine one may wait for a processor in vain.

One that fails twice fails the run. One that passes then is named at the end as unsteady, for that wants mending, too.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

FAILED = 1
"""https://docs.pytest.org/en/stable/reference/exit-codes.html"""
FEW = 3
"""More than these are no accident."""
LAST_FAILED = Path(".pytest_cache/v/cache/lastfailed")
"""https://docs.pytest.org/en/stable/how-to/cache.html"""


def main(arguments: Sequence[str] = ()) -> int:
    """Run them.

    Args:
        arguments: further ones for pytest.

    Returns:
        pytest's exit code.
    """
    LAST_FAILED.unlink(missing_ok=True)
    code = _pytest("-n", "4", "--dist", "worksteal", *arguments)
    failed = sorted(json.loads(LAST_FAILED.read_text())) if code == FAILED and LAST_FAILED.exists() else []
    if not 0 < len(failed) <= FEW:
        return code
    print(f"{len(failed)} failed beside others; once more, alone: {', '.join(failed)}", flush=True)
    code = _pytest("--last-failed", "--last-failed-no-failures", "none", *arguments)
    if code == 0:
        print(
            f"Unsteady, for they failed beside others and passed alone: {', '.join(failed)}. That wants mending.",
            flush=True,
        )
    return code


def _pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
