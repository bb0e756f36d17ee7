"""The states of a project's stacks, as Pulumi's own command line tells them. Secrets stay encrypted: no passphrase or key is needed.

https://www.pulumi.com/docs/iac/cli/commands/pulumi_stack_export/
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from k8s_audit.errors import ToolError
from k8s_audit.pulumi_command import pulumi, reason

TIMEOUT = 120
"""Seconds; a backend may be far, and a state large."""


@dataclass(frozen=True)
class States:
    """What the backend that is logged in to knows.

    Args:
        project: the folder of Pulumi.yaml.
    """

    project: Path

    def known(self) -> set[str]:
        """The stacks of the project that it has.

        Raises:
            ToolError: pulumi is missing, or the backend does not answer.
        """
        return {str(entry["name"]).rpartition("/")[2] for entry in self._run("stack", "ls", "--json")}

    def deployment(self, stack: str) -> dict[str, Any]:
        """A stack's state.

        Raises:
            ToolError: it cannot be read.
        """
        found: dict[str, Any] = self._run("stack", "export", "--stack", stack).get("deployment") or {}
        return found

    def _run(self, *arguments: str) -> Any:
        said = " ".join(["pulumi", *arguments])
        try:
            done = pulumi(self.project, *arguments, "--color", "never", timeout=TIMEOUT)
        except FileNotFoundError:
            raise ToolError("pulumi is not on the PATH; it reads the stacks' states") from None
        except OSError as error:
            raise ToolError(f"{said}: {error.filename or self.project}: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise ToolError(f"{said}: no answer within {TIMEOUT} s") from None
        if done.returncode:
            raise ToolError(f"{said}: {reason(done)}")
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise ToolError(f"{said}: answers no JSON") from None
