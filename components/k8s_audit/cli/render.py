"""`k8s-audit render`: print what a stack would write, with nothing touched, asked or decrypted; or write it, secrets and all, where told."""

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from k8s_audit.cli import secrets, stack_file
from k8s_audit.cli.exits import BAD_INPUT, TOOL_FAILED
from k8s_audit.config import places
from k8s_audit.config.platforms.created import CreatedPlatform
from k8s_audit.config.registry import RENDERS
from k8s_audit.config.stack import Stack
from k8s_audit.errors import ConfigError, K8sAuditError
from k8s_audit.rendering.model import HOW, Rendered, Wanted
from k8s_audit.rendering.placeholders import Masked, explained, masked
from k8s_audit.rendering.write import refuse_elsewhere, write_texts


def render(
    stack: Annotated[str, typer.Option(help="the stack's name, as in stacks/Pulumi.<stack>.yaml")],
    project: Annotated[Path, typer.Option(help="the folder of Pulumi.yaml")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="print the texts as JSON alone")] = False,
    write: Annotated[
        bool,
        typer.Option(
            "--write", help="kind, k3d: write the files, with the stack's secrets and for their owner alone, instead"
        ),
    ] = False,
) -> None:
    """Print what `up` would write, by host and path, for teams that bring it there by GitOps: 0 done, 2 bad input, 3 not written."""
    try:
        config = stack_file.load(project, stack)
        folder = places.stack_folder(project, stack)
        found, placeholders = _rendered(config, folder)
        if write:
            refuse_elsewhere(found)
            endpoint = places.endpoint(config, folder, secrets.reader(project, stack)) if found else None
            _write(config, _texts(config, folder, Masked(endpoint, {})) if endpoint else [])
            return
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_INPUT) from None
    except K8sAuditError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(TOOL_FAILED) from None
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
    found = _texts(config, folder, known)
    return found, list(explained(known.placeholders, [one.text for one in found]))


def _texts(config: Stack, folder: Path, known: Masked) -> list[Rendered]:
    flags = config.delivery.flags(places.log_path(config, folder))
    flags = flags.within(known.endpoint.body_limit, known.endpoint.event_limit)
    room = import_module(f"k8s_audit.platforms.{RENDERS[config.platform.kind]}")
    found: list[Rendered] = room.render(Wanted(config, folder, flags, known.webhook(), known.endpoint))
    return found


def _write(config: Stack, texts: list[Rendered]) -> None:
    write_texts(texts)
    for one in texts:
        typer.echo(f"written: {one.path}")
    if texts and isinstance(config.platform, CreatedPlatform):
        typer.echo(f"next: {config.platform.create_command()}")


def _shown(rendered: Rendered) -> str:
    text = rendered.text if rendered.text.endswith("\n") else f"{rendered.text}\n"
    return "".join(_heading(rendered)) + text


def _heading(rendered: Rendered) -> Iterator[str]:
    yield f"# {rendered.place}: {rendered.path}\n"
    yield f"# {HOW[rendered.how]}\n"
