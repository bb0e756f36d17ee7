"""`k8s-audit alerts`: print the alert rules of a stack for Prometheus: its API servers' or its forwarder's, and its heartbeat's."""

import json
from pathlib import Path
from typing import Annotated

import typer

from k8s_audit.cli import stack_file
from k8s_audit.cli.exits import BAD_INPUT, TOOL_FAILED
from k8s_audit.config.forwarder import NAME
from k8s_audit.config.forwarder_kinds import BentoForwarder
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.durations import seconds
from k8s_audit.delivery.alert import rule_file, rule_groups
from k8s_audit.delivery.api_server_alerts import api_server_alerts
from k8s_audit.delivery.forwarder.alerts import forwarder_rules
from k8s_audit.delivery.heartbeat import heartbeat_alerts
from k8s_audit.errors import ConfigError, ToolError
from k8s_audit.faults import shown

SHORTEST = 10.0
"""Seconds; Prometheus itself looks seldom more often."""


def alerts(
    stack: Annotated[str, typer.Option(help="the stack's name, as in stacks/Pulumi.<stack>.yaml")],
    project: Annotated[Path, typer.Option(help="the folder of Pulumi.yaml")] = Path(),
    heartbeat: Annotated[str, typer.Option(help="how often `verify --textfile` is run, such as 15m")] = "15m",
    as_json: Annotated[bool, typer.Option("--json", help="print the rules as JSON")] = False,
) -> None:
    """Print a rule file for Prometheus: 0 done, 2 bad input, 3 no pulumi where it must be asked."""
    try:
        config = stack_file.load(project, stack)
        every = _seconds(heartbeat)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_INPUT) from None
    except ToolError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(TOOL_FAILED) from None
    beats = rule_groups("k8s-audit-heartbeat", list(heartbeat_alerts(stack, every)), {"stack": stack})["groups"]
    found = {"groups": [*_of_the_way(config), *beats]}
    typer.echo(json.dumps(found, indent=2) if as_json else rule_file(found), nl=as_json)


def _seconds(heartbeat: str) -> float:
    try:
        every = seconds(heartbeat)
    except ValueError as error:
        raise ConfigError([f"--heartbeat: given: {shown(heartbeat)}; {error}"]) from None
    if every < SHORTEST:
        raise ConfigError([f"--heartbeat: given: {shown(heartbeat)}; the shortest is {SHORTEST:.0f}s"])
    return every


def _of_the_way(stack: Stack) -> list[dict[str, object]]:
    """The groups of what brings events on; none where receivers judge AdmissionReviews alone."""
    if not stack.takes_events:
        return []
    if not stack.streams:
        return list(rule_groups("k8s-audit-api-servers", api_server_alerts(), {})["groups"])
    if isinstance(stack.forwarder, BentoForwarder):
        return list(forwarder_rules(stack.forwarder.namespace, NAME)["groups"])
    return []
