"""`k8s-audit touched`: the stacks that a change touches, for the matrix of a pipeline."""

import json
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from k8s_audit.cli.exits import BAD_INPUT
from k8s_audit.cli.stack_file import FOLDER, names
from k8s_audit.fleet.named_files import named_files

PROGRAM = ("__main__.py", "Pulumi.yaml", "requirements.lock", "components/", "policies/")
"""What every stack is made of, beside its own file and what that names."""


def touched(
    base: Annotated[str, typer.Option(help="the commit or branch that the change is compared with")] = "origin/main",
    project: Annotated[Path, typer.Option(help="the folder of Pulumi.yaml, in a git checkout")] = Path(),
    every: Annotated[bool, typer.Option("--all", help="all stacks, whatever changed")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print a JSON list, on one line")] = False,
) -> None:
    """Print the stacks that differ since BASE: their files, those that they name, or what all are made of; 2: no git checkout, no such base."""
    every_name = names(project)
    try:
        found = every_name if every else stacks_of(_changed(project, base), every_name, project)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        typer.echo(f"--base: {base}: {said.strip().splitlines()[-1]}", err=True)
        raise typer.Exit(BAD_INPUT) from None
    typer.echo(json.dumps(found) if as_json else "\n".join(found), nl=bool(found) or as_json)


def stacks_of(files: list[str], known: list[str], project: Path) -> list[str]:
    """The stacks that a change of these files touches.

    Args:
        files: paths below the project's folder.
        known: all stacks.
        project: the folder of Pulumi.yaml.
    """
    changed = {(project / file).resolve() for file in files}

    def names_one(config: Path) -> bool:
        return any(file.resolve() in changed for file in named_files(config, project))

    whole = any(file == part or (part.endswith("/") and file.startswith(part)) for file in files for part in PROGRAM)
    if whole or names_one(project / "Pulumi.yaml"):
        return known
    own = {name: f"{FOLDER}/Pulumi.{name}.yaml" for name in known}
    return [name for name, file in own.items() if file in files or names_one(project / file)]


def _changed(project: Path, base: str) -> list[str]:
    if base.startswith("-"):
        raise OSError("a commit or branch is needed")
    command = ["git", "diff", "--name-only", "--relative", f"{base}...HEAD"]
    done = subprocess.run(command, cwd=project, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()
