"""The values of a stack whose file imports environments of Pulumi ESC: nobody but Pulumi knows them, so its command line is asked.

https://www.pulumi.com/docs/esc/integrations/infrastructure/pulumi-iac/
"""

import json
import subprocess
from pathlib import Path

from k8s_audit.errors import ConfigError, ToolError

KEY = "environment"
"""Of a stack's file: the environments."""
TIMEOUT = 60
"""Seconds; Pulumi Cloud opens the environments, which may ask others."""


def read_environments(project: Path, stack: str) -> tuple[dict[str, str], set[str]]:
    """The values and secret keys of a stack, as the engine would hand them on; a secret's value is left out.

    Args:
        project: the folder of Pulumi.yaml.
        stack: the stack's name.

    Raises:
        ConfigError: Pulumi cannot tell them.
        ToolError: there is no pulumi.
    """
    command = ["pulumi", "config", "--json", "--stack", stack, "--non-interactive"]
    try:
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=TIMEOUT)
    except FileNotFoundError:
        raise ToolError(
            f"pulumi is not on the PATH; the values under `{KEY}` of stack {stack} are known to it alone"
        ) from None
    except subprocess.TimeoutExpired:
        raise ToolError(f"the values under `{KEY}` of stack {stack} were not told within {TIMEOUT} s") from None
    if done.returncode:
        why = next(
            (line.removeprefix("error: ") for line in done.stderr.splitlines() if line.strip()), "no reason given"
        )
        raise ConfigError([f"--stack: {stack} imports environments, which pulumi cannot open: {why}"])
    found = json.loads(done.stdout)
    secrets = {key for key, entry in found.items() if entry.get("secret")}
    return {key: "" if key in secrets else str(entry.get("value", "")) for key, entry in found.items()}, secrets
