"""`k8s-audit policy`: show a profile, judge a file, tell what a cloud leaves of Falco's rules."""

import json
from pathlib import Path
from typing import Annotated

import typer

from k8s_audit.audit_policy.lint import lint
from k8s_audit.audit_policy.model import parse_policy
from k8s_audit.audit_policy.render import load_profile, render_policy
from k8s_audit.cli.coverage import coverage
from k8s_audit.cli.exits import BAD_INPUT, NOT_SO
from k8s_audit.errors import AuditPolicyError

app = typer.Typer(help="Audit policies: what the API server records.", no_args_is_help=True)
app.command()(coverage)


@app.command()
def show(profile: Annotated[str, typer.Option(help="detection, seed, metadata or full")] = "detection") -> None:
    """Print a profile's YAML, and nothing else, on stdout."""
    try:
        text = render_policy(load_profile(profile))
    except AuditPolicyError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_INPUT) from None
    typer.echo(text, nl=False)


@app.command("lint")
def lint_file(
    file: Annotated[Path, typer.Argument(help="the policy's file")],
    as_json: Annotated[bool, typer.Option("--json", help="a JSON list of the findings on stdout")] = False,
) -> None:
    """Judge a policy: 0 clean, 1 findings, 2 an API server would refuse it or misread it."""
    try:
        policy = parse_policy(file.read_text("utf-8"), str(file))
    except AuditPolicyError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_INPUT) from None
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from None
    findings = lint(policy)
    if as_json:
        typer.echo(json.dumps([str(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(f"{file}: {finding}")
    raise typer.Exit(NOT_SO if findings else 0)
