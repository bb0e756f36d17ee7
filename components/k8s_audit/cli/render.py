"""`k8s-audit render`: print what a stack would write, with nothing touched, asked or decrypted."""

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from k8s_audit.cli import stack_file
from k8s_audit.cli.exits import BAD_INPUT
from k8s_audit.config import places
from k8s_audit.config.registry import RENDERS
from k8s_audit.config.stack import Stack
from k8s_audit.errors import ConfigError
from k8s_audit.rendering.model import HOW, Rendered, Wanted
from k8s_audit.rendering.placeholders import explained, masked


def render(
    stack: Annotated[str, typer.Option(help="the stack's name, as in stacks/Pulumi.<stack>.yaml")],
    project: Annotated[Path, typer.Option(help="the folder of Pulumi.yaml")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="print the texts as JSON alone")] = False,
) -> None:
    """Print what `up` would write, by host and path, for teams that bring it there by GitOps: 0 done, 2 bad input."""
    try:
        config = stack_file.load(project, stack)
        found, placeholders = _rendered(config, places.stack_folder(project, stack))
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_INPUT) from None
    if as_json:
        texts = [one.as_json() for one in found]
        typer.echo(json.dumps({"placeholders": placeholders, "texts": texts}, indent=2))
        return
    for line in placeholders:
        typer.echo(line, err=True)
    if not found:
        typer.echo(
            "nothing is written: the receivers take AdmissionReviews alone, by webhooks that their charts register",
            err=True,
        )
    typer.echo("---\n".join(map(_shown, found)), nl=False)


def _rendered(config: Stack, folder: Path) -> tuple[list[Rendered], list[str]]:
    """The texts, and what their placeholders stand for."""
    kind = config.platform.kind
    if kind not in RENDERS:
        allowed = ", ".join(RENDERS)
        raise ConfigError(
            [f"audit:platform.kind: nothing is written to the API servers of kind {kind}; rendered are: {allowed}"]
        )
    if not config.takes_events:
        return [], []
    known = masked(config.receivers)
    flags = config.delivery.flags(places.log_path(config, folder))
    wanted = Wanted(
        config, folder, flags.within(known.endpoint.body_limit, known.endpoint.event_limit), known.webhook()
    )
    room = import_module(f"k8s_audit.platforms.{RENDERS[kind]}")
    found: list[Rendered] = room.render(wanted)
    return found, list(explained(known.placeholders, [one.text for one in found]))


def _shown(rendered: Rendered) -> str:
    text = rendered.text if rendered.text.endswith("\n") else f"{rendered.text}\n"
    return "".join(_heading(rendered)) + text


def _heading(rendered: Rendered) -> Iterator[str]:
    yield f"# {rendered.place}: {rendered.path}\n"
    yield f"# {HOW[rendered.how]}\n"
