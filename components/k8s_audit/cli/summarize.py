"""`k8s-audit summarize`: a preview's JSON events as a comment for a pull request."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from k8s_audit.cli.exits import BAD_INPUT
from k8s_audit.errors import PreviewError
from k8s_audit.summary.events import parse_preview
from k8s_audit.summary.markdown import render_summary


def summarize(
    file: Annotated[Path, typer.Argument(help="the events, one a line; -: standard input")] = Path("-"),
) -> None:
    """Tell a reviewer what a preview changes: API servers, policy rules, ports, cloud. Markdown on stdout; 2: no preview."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
        typer.echo(render_summary(parse_preview(text)), nl=False)
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from None
    except PreviewError as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from None
