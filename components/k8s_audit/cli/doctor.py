"""`k8s-audit doctor`: read a stack's hosts and tell exactly what `up` would do there, with nothing changed; try API tokens.

Where events leave by a cloud's stream there are no hosts: what its forwarder's pods tell is told.
"""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.cli import secrets, stack_file
from k8s_audit.cli.api_token import tell_token
from k8s_audit.cli.control_plane import tell_cluster
from k8s_audit.cli.exits import BAD_INPUT, NOT_SO, TOOL_FAILED
from k8s_audit.cli.forwarder import tell_forwarder
from k8s_audit.cli.tooled import tell_tooled
from k8s_audit.config import Stack, places
from k8s_audit.config.platforms.hosts import ReachedHost
from k8s_audit.config.reach import change as change_of
from k8s_audit.config.registry import TOOLED
from k8s_audit.config.ssh import PRIVATE_KEY
from k8s_audit.control_plane.change import AuditSetup
from k8s_audit.control_plane.plan import Plan, plan
from k8s_audit.control_plane.versions import policy_version
from k8s_audit.delivery.contract import contract_of
from k8s_audit.delivery.webhook import render_webhook, with_authority
from k8s_audit.errors import ConfigError, HostError, K8sAuditError, ReceiverError
from k8s_audit.receivers.endpoint import ReceiverEndpoint

HostPlan = tuple[str, dict[str, str], Plan | HostError]
"""A host's name and the folder that is looked at, the audit flags that it shall have, and what `up` would do there, or why it cannot be read."""


def doctor(
    stack: Annotated[str, typer.Option(help="the stack's name, as in stacks/Pulumi.<stack>.yaml")],
    project: Annotated[Path, typer.Option(help="the folder of Pulumi.yaml")] = Path(),
    token_file: Annotated[
        Path | None,
        typer.Option(help="holds the Sysdig Secure API token to try; default: $SECURE_API_TOKEN, else the stack's own"),
    ] = None,
) -> None:
    """Tell what `up` would do on each host, or what a forwarder tells: 0 fine, 1 something is wrong, 2 bad input, 3 not readable."""
    try:
        config = stack_file.load(project, stack)
        token_in_the_way = tell_token(config, token_file, secrets.reader(project, stack))
        folder = places.stack_folder(project, stack)
        if config.streams:
            forwarder_in_the_way = tell_forwarder(config, places.kubeconfig(config, folder))
            raise typer.Exit(NOT_SO if token_in_the_way or forwarder_in_the_way else 0)
        if config.platform.kind in TOOLED:
            raise typer.Exit(
                NOT_SO if tell_tooled(config, folder, secrets.reader(project, stack)) or token_in_the_way else 0
            )
        plans = _plans(config, folder, secrets.reader(project, stack))
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_INPUT) from None
    except ReceiverError as error:
        typer.echo(f"in the way, unless `up` mends it: {error}")
        raise typer.Exit(NOT_SO) from None
    except K8sAuditError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(TOOL_FAILED) from None
    for host, _, found in plans:
        if isinstance(found, HostError):
            typer.echo(str(found), err=True)
            continue
        typer.echo(f"host {host}: {found.state}")
        for action in found.actions or ["nothing to do"] * (not found.obstacle):
            typer.echo(f"  {action}")
        if found.obstacle:
            typer.echo(f"  in the way: {found.obstacle}")
    in_the_way = tell_cluster(config, folder, plans[0][1]) if plans else False
    if any(isinstance(found, HostError) for _, _, found in plans):
        raise typer.Exit(TOOL_FAILED)
    obstacles = [found.obstacle for _, _, found in plans if isinstance(found, Plan)]
    raise typer.Exit(NOT_SO if token_in_the_way or in_the_way or any(obstacles) else 0)


def _plans(config: Stack, folder: Path, secret: Callable[[str], str]) -> list[HostPlan]:
    """What `up` would do on each host; none where no receiver takes audit events."""
    if all(receiver.takes() == "reviews" for receiver in config.receivers):
        typer.echo("no host is changed: the receivers take AdmissionReviews alone; `k8s-audit verify` tries them")
        return []
    endpoint = places.endpoint(config, folder, secret)
    key = secret(PRIVATE_KEY) if PRIVATE_KEY in config.secrets & config.platform.secrets() else None
    return [_plan(config, host, endpoint, folder, key) for host in places.hosts(config, folder)]


def _plan(
    config: Stack, host: ReachedHost, endpoint: ReceiverEndpoint, folder: Path, private_key: str | None
) -> HostPlan:
    def say(text: str) -> None:
        typer.echo(text, err=True)

    change = change_of(config.platform, host, private_key, Event(), say)
    place, name = change.place, f"{host.name} ({change.place.manifests})"
    flags = config.delivery.flags(places.log_path(config, folder)).within(endpoint.body_limit, endpoint.event_limit)
    arguments = flags.arguments(place.policy, place.webhook)
    try:
        webhook = render_webhook(with_authority(endpoint, change.host.read(place.webhook)))
        setup = AuditSetup(
            policy=render_policy(config.policy.load(), policy_version(places.kubernetes_version(config))),
            webhook=webhook,
            arguments=arguments,
            adopt=getattr(host, "adopt", False),
            contract=contract_of(webhook, arguments, say),
        )
        return name, arguments, plan(change, setup)
    except HostError as error:
        return name, arguments, error
