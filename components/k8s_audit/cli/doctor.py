"""`k8s-audit doctor`: read a stack's hosts and tell exactly what `up` would do there, with nothing changed."""

from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.cli import secrets, stack_file
from k8s_audit.cli.exits import BAD_INPUT, NOT_SO, TOOL_FAILED
from k8s_audit.config import Stack, places
from k8s_audit.config.platforms.kubeadm import ControlPlaneHost
from k8s_audit.control_plane.change import AuditSetup, Place, StaticPodChange
from k8s_audit.control_plane.durations import seconds
from k8s_audit.control_plane.local_host import LocalHost
from k8s_audit.control_plane.plan import Plan, plan
from k8s_audit.delivery.contract import contract_of
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.errors import ConfigError, K8sAuditError
from k8s_audit.receivers.endpoint import ReceiverEndpoint


def doctor(
    stack: Annotated[str, typer.Option(help="the stack's name, as in stacks/Pulumi.<stack>.yaml")],
    project: Annotated[Path, typer.Option(help="the folder of Pulumi.yaml")] = Path(),
) -> None:
    """Tell what `up` would do on each host: 0 it would succeed, 1 something is in its way, 2 bad input, 3 not readable."""
    try:
        config = stack_file.load(project, stack)
        folder = places.stack_folder(project, stack)
        endpoint = places.endpoint(config, folder, secrets.reader(project, stack))
        plans = [(host, _plan(config, host, endpoint, folder)) for host in places.hosts(config, folder)]
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_INPUT) from None
    except K8sAuditError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(TOOL_FAILED) from None
    for host, found in plans:
        typer.echo(f"host {host.name} ({host.manifests}): {found.state}")
        for action in found.actions or ["nothing to do"] * (not found.obstacle):
            typer.echo(f"  {action}")
        if found.obstacle:
            typer.echo(f"  in the way: {found.obstacle}")
    raise typer.Exit(NOT_SO if any(found.obstacle for _, found in plans) else 0)


def _plan(config: Stack, host: ControlPlaneHost, endpoint: ReceiverEndpoint, folder: Path) -> Plan:
    place = Place(host.manifests, host.api_server, host.config_folder, host.state_folder, seconds(host.restart_timeout))
    flags = config.delivery.flags(places.log_path(config, folder)).within(endpoint.body_limit, endpoint.event_limit)
    webhook, arguments = render_webhook(endpoint), flags.arguments(place.policy, place.webhook)
    setup = AuditSetup(
        policy=render_policy(config.policy.load()),
        webhook=webhook,
        arguments=arguments,
        adopt=host.adopt,
        contract=contract_of(webhook, arguments, lambda text: typer.echo(text, err=True)),
    )
    return plan(StaticPodChange(LocalHost(host.name, host.logs), place, Event()), setup)
