"""The values of a stack whose file imports environments of Pulumi ESC: nobody but Pulumi knows them, so its command line is asked.

https://www.pulumi.com/docs/esc/integrations/infrastructure/pulumi-iac/
"""

import json
import subprocess
from pathlib import Path

from k8s_audit.errors import ConfigError, ToolError
from k8s_audit.pulumi_command import TIMEOUT, pulumi, reason

KEY = "environment"
"""Of a stack's file: the environments."""


def read_environments(project: Path, stack: str) -> tuple[dict[str, str], set[str]]:
    """The values and secret keys of a stack, as the engine would hand them on; a secret's value is left out.

    Args:
        project: the folder of Pulumi.yaml.
        stack: the stack's name.

    Raises:
        ConfigError: Pulumi cannot tell them.
        ToolError: there is no pulumi.
    """
    try:
        done = pulumi(project, "config", "--json", "--stack", stack)
    except FileNotFoundError:
        raise ToolError(
            f"pulumi is not on the PATH; the values under `{KEY}` of stack {stack} are known to it alone"
        ) from None
    except subprocess.TimeoutExpired:
        raise ToolError(f"the values under `{KEY}` of stack {stack} were not told within {TIMEOUT} s") from None
    if done.returncode:
        raise ConfigError([f"--stack: {stack} imports environments, which pulumi cannot open: {reason(done)}"])
    found = json.loads(done.stdout)
    secrets = {key for key, entry in found.items() if entry.get("secret")}
    return {key: "" if key in secrets else str(entry.get("value", "")) for key, entry in found.items()}, secrets
