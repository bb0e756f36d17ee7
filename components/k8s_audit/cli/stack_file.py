"""Reading a stack's file for a command: judged by the same judge as `pulumi up`."""

from pathlib import Path

from k8s_audit.cli.environments import read_environments
from k8s_audit.config.stack import Stack, imports_environments, load_stack, read_project_file, read_stack_file
from k8s_audit.errors import ConfigError

FOLDER = "stacks"
"""`stackConfigDir` of Pulumi.yaml."""
PROJECT_FILE = "Pulumi.yaml"


def names(project: Path) -> list[str]:
    """The stacks that have a file.

    Args:
        project: the folder of Pulumi.yaml.
    """
    files = (project / FOLDER).glob("Pulumi.*.yaml")
    return sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files)


def load(project: Path, name: str) -> Stack:
    """The configuration of a stack: its own file's, and for keys that are not there the defaults of Pulumi.yaml; Pulumi's word where it imports environments.

    Args:
        project: the folder of Pulumi.yaml.
        name: the stack's.

    Raises:
        ConfigError: there is no such file, or it has faults.
        ToolError: it imports environments, and there is no pulumi to ask.
    """
    file = project / FOLDER / f"Pulumi.{name}.yaml"
    try:
        text = file.read_text("utf-8")
    except (OSError, ValueError):
        allowed = ", ".join(names(project)) or "none here; run this in the folder of Pulumi.yaml, or set --project"
        raise ConfigError([f"--stack: {name} has no file {file}; allowed: {allowed}"]) from None
    if imports_environments(text):
        return load_stack(*read_environments(project, name))
    values, secrets = read_stack_file(text)
    defaults, secret_defaults = _defaults(project)
    return load_stack(defaults | values, (secret_defaults - values.keys()) | secrets)


def _defaults(project: Path) -> tuple[dict[str, str], set[str]]:
    file = project / PROJECT_FILE
    try:
        return read_project_file(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}, set()
    except (OSError, ValueError) as error:
        raise ConfigError([f"{file} cannot be read: {getattr(error, 'strerror', 'no text')}"]) from None
    except ConfigError as error:
        raise ConfigError([f"{file}: {fault}" for fault in error.faults]) from None
