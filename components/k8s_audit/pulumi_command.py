"""Pulumi's own command line, asked for what it alone knows: states, decrypted secrets, values of environments."""

import subprocess
from pathlib import Path

TIMEOUT = 60
"""Seconds; a key service or an environment may be far."""


def pulumi(project: Path, *arguments: str, timeout: float = TIMEOUT) -> subprocess.CompletedProcess[str]:
    """Run it, whatever its end.

    Args:
        project: the folder of Pulumi.yaml.
        arguments: its own.
        timeout: seconds.

    Raises:
        FileNotFoundError: there is none, or no such folder.
        OSError: it cannot be run there.
        subprocess.TimeoutExpired: it took longer.
    """
    command = ["pulumi", *arguments, "--non-interactive"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=timeout)


def reason(done: subprocess.CompletedProcess[str]) -> str:
    """Why it failed, in its own first words."""
    lines = (line.removeprefix("error: ") for line in done.stderr.splitlines() if line.strip())
    return next(lines, "no reason given")
