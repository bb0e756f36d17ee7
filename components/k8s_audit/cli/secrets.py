"""The values of a stack's secret keys for a command, as Pulumi's own command line decrypts them; shown nowhere."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from k8s_audit.config.stack import PROJECT
from k8s_audit.errors import ToolError

TIMEOUT = 60
"""Seconds; a backend or a key service may be far."""


def reader(project: Path, stack: str) -> Callable[[str], str]:
    """What reads a secret key of a stack.

    Args:
        project: the folder of Pulumi.yaml.
        stack: the stack's name.
    """

    def read(key: str) -> str:
        command = ["pulumi", "config", "get", f"{PROJECT}:{key}", "--stack", stack, "--non-interactive"]
        look = f"cd {project} && pulumi config --stack {stack}"
        try:
            done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=TIMEOUT)
        except FileNotFoundError:
            raise ToolError(f"pulumi is not on the PATH; audit:{key} cannot be decrypted without it") from None
        except subprocess.TimeoutExpired:
            raise ToolError(f"audit:{key} was not decrypted within {TIMEOUT} s.\nLook closer: {look}") from None
        if done.returncode:
            why = next(
                (line.removeprefix("error: ") for line in done.stderr.splitlines() if line.strip()), "no reason given"
            )
            raise ToolError(f"audit:{key} cannot be decrypted: {why}.\nLook closer: {look}")
        return done.stdout.removesuffix("\n")

    return read
