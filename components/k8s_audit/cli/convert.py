"""`k8s-audit convert`: what audit events a cloud's records become."""

from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from k8s_audit.cli.exits import BAD_INPUT, NOT_SO, TOOL_FAILED
from k8s_audit.delivery.convert import convert as converted
from k8s_audit.delivery.pipeline.model import Decoder
from k8s_audit.errors import ToolError
from k8s_audit.faults import nearest, shown


def convert(
    file: Annotated[Path, typer.Argument(help="one JSON record a line, as the export delivers it once decompressed")],
    source: Annotated[
        str,
        typer.Option(
            help="eks: CloudWatch subscription messages; gke: LogEntries; aks: Event Hubs; openshift: arrays of its collector;"
            " iks: EventLists of its webhook"
        ),
    ],
) -> None:
    """Print one audit event a line: 0 all were converted, 1 a record has a fault, 2 bad input, 3 a tool failed."""
    allowed = list(get_args(Decoder))
    if source not in allowed:
        typer.echo(f"--source: {nearest(source, allowed)}; given: {shown(source)}", err=True)
        raise typer.Exit(BAD_INPUT)
    try:
        records = file.open("rb")
    except OSError as error:
        typer.echo(f"{file}: {error.strerror}", err=True)
        raise typer.Exit(BAD_INPUT) from None
    faults = 0
    try:
        with records:
            for each in converted(cast(Decoder, source), records):
                if each.event is not None:
                    typer.echo(each.event)
                else:
                    faults += 1
                    typer.echo(f"{file}:{each.line}: {each.fault}", err=True)
    except ToolError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(TOOL_FAILED) from None
    raise typer.Exit(NOT_SO if faults else 0)
