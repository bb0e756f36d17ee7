"""`k8s-audit doctor`: read a stack's hosts and tell exactly what `up` would do there, with nothing changed; try API tokens.

Where events leave by a cloud's stream there are no hosts: what its forwarder's pods tell is told. Receivers in the cluster are looked at.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from k8s_audit.cli import secrets, stack_file
from k8s_audit.cli.api_token import token_findings
from k8s_audit.cli.exits import BAD_INPUT, NOT_SO, TOOL_FAILED
from k8s_audit.cli.findings import Finding
from k8s_audit.cli.forwarder import forwarder_findings
from k8s_audit.cli.hosts import host_findings
from k8s_audit.cli.in_cluster import receiver_findings
from k8s_audit.cli.profile import profile_findings
from k8s_audit.cli.progress import working
from k8s_audit.cli.tooled import tooled_findings
from k8s_audit.config import places
from k8s_audit.config.registry import TOOLED
from k8s_audit.config.stack import Stack
from k8s_audit.errors import ConfigError, K8sAuditError, ReceiverError


def doctor(
    stack: Annotated[str, typer.Option(help="the stack's name, as in stacks/Pulumi.<stack>.yaml")],
    project: Annotated[Path, typer.Option(help="the folder of Pulumi.yaml")] = Path(),
    token_file: Annotated[
        Path | None,
        typer.Option(help="holds the Sysdig Secure API token to try; default: $SECURE_API_TOKEN, else the stack's own"),
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="lines of an API server or a receiver in the cluster, to be looked at too")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout, one object a thing looked at")] = False,
) -> None:
    """Tell what `up` would do on each host, or what a forwarder tells: 0 fine, 1 something is wrong, 2 bad input, 3 not readable."""
    found: list[Finding] = []
    failed: K8sAuditError | None = None
    try:
        config = stack_file.load(project, stack)
        secret = secrets.reader(project, stack)
        looks = _findings(config, places.stack_folder(project, stack), secret, token_file, log)
        while finding := _next(looks, stack):
            found.append(finding)
            if finding.unreadable:
                typer.echo(finding.unreadable, err=True)
            elif not as_json:
                typer.echo(finding.text())
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_INPUT) from None
    except K8sAuditError as error:
        typer.echo(str(error), err=True)
        failed = error
    if as_json:
        typer.echo(json.dumps([finding.data() for finding in found], indent=2))
    if failed or any(finding.unreadable for finding in found):
        raise typer.Exit(TOOL_FAILED)
    raise typer.Exit(NOT_SO if any(finding.wrong or finding.in_the_way for finding in found) else 0)


def _next(looks: Iterator[Finding], stack: str) -> Finding | None:
    with working(f"looking at {stack}"):
        return next(looks, None)


def _findings(
    config: Stack, folder: Path, secret: Callable[[str], str], token_file: Path | None, log: Path | None
) -> Iterator[Finding]:
    yield from token_findings(config, token_file, secret)
    kubeconfig = places.kubeconfig(config, folder)
    yield from receiver_findings(config, kubeconfig, log)
    try:
        is_tooled = config.platform.kind in TOOLED
        if is_tooled:
            yield from tooled_findings(config, folder, secret)
        if config.streams:
            yield from profile_findings(config, kubeconfig)
            yield from forwarder_findings(config, kubeconfig)
        elif not is_tooled:
            yield from host_findings(config, folder, secret)
    except ReceiverError as error:
        yield Finding(f"in the way, unless `up` mends it: {error}", wrong=True)
