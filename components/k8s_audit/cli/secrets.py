"""The values of a stack's secret keys for a command, as Pulumi's own command line decrypts them; shown nowhere."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from k8s_audit.config.stack import PROJECT
from k8s_audit.errors import ToolError
from k8s_audit.pulumi_command import TIMEOUT, pulumi, reason


def reader(project: Path, stack: str) -> Callable[[str], str]:
    """What reads a secret key of a stack.

    Args:
        project: the folder of Pulumi.yaml.
        stack: the stack's name.
    """

    def read(key: str) -> str:
        look = f"cd {project} && pulumi config --stack {stack}"
        try:
            done = pulumi(project, "config", "get", f"{PROJECT}:{key}", "--stack", stack)
        except FileNotFoundError:
            raise ToolError(f"pulumi is not on the PATH; audit:{key} cannot be decrypted without it") from None
        except subprocess.TimeoutExpired:
            raise ToolError(f"audit:{key} was not decrypted within {TIMEOUT} s.\nLook closer: {look}") from None
        if done.returncode:
            raise ToolError(f"audit:{key} cannot be decrypted: {reason(done)}.\nLook closer: {look}")
        return done.stdout.removesuffix("\n")

    return read
