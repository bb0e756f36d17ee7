"""What `k8s-audit doctor` says of a stack's control-plane hosts: what is there, and what `up` would do; each is read, none changed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import typer

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.cli.control_plane import cluster_findings
from k8s_audit.cli.findings import Finding
from k8s_audit.config import places
from k8s_audit.config.platforms.hosts import ReachedHost
from k8s_audit.config.reach import change as change_of
from k8s_audit.config.ssh import PRIVATE_KEY
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.change import AuditSetup
from k8s_audit.control_plane.plan import Plan, plan
from k8s_audit.control_plane.versions import policy_version
from k8s_audit.delivery.contract import contract_of
from k8s_audit.delivery.webhook import render_webhook, with_authority
from k8s_audit.errors import HostError
from k8s_audit.receivers.endpoint import ReceiverEndpoint


def host_findings(config: Stack, folder: Path, secret: Callable[[str], str]) -> Iterator[Finding]:
    """What is on each host and what `up` would do there, then what of the cluster as a whole; nothing where no receiver takes audit events.

    Args:
        config: the stack's configuration.
        folder: what it keeps on this machine.
        secret: the value of one of its secret keys.

    Raises:
        ReceiverError: the receiver is not in the cluster, or that cannot be asked.
    """
    if not config.takes_events:
        yield Finding("no host is changed: the receivers take AdmissionReviews alone; `k8s-audit verify` tries them")
        return
    endpoint = places.endpoint(config, folder, secret)
    key = secret(PRIVATE_KEY) if PRIVATE_KEY in config.secrets & config.platform.secrets() else None
    arguments: dict[str, str] = {}
    for host in places.hosts(config, folder):
        place, flags, found = _plan(config, host, endpoint, folder, key)
        arguments = arguments or flags
        if isinstance(found, HostError):
            yield Finding(f"host {host.name}", unreadable=str(found))
            continue
        actions = found.actions or ["nothing to do"] * (not found.obstacle)
        obstacles = [found.obstacle] if found.obstacle else []
        yield Finding(f"host {host.name} ({place}): {found.state}", actions, obstacles)
    if arguments:
        yield from cluster_findings(config, folder, arguments)


def _plan(
    config: Stack, host: ReachedHost, endpoint: ReceiverEndpoint, folder: Path, private_key: str | None
) -> tuple[str, dict[str, str], Plan | HostError]:
    """The folder of the file that starts the API server, the audit flags that it shall have, and what `up` would do, or why it cannot be read."""
    change = change_of(config.platform, host, private_key, Event(), _say)
    place = change.place
    flags = config.delivery.flags(places.log_path(config, folder)).within(endpoint.body_limit, endpoint.event_limit)
    arguments = config.platform.settable(flags.arguments(place.policy, place.webhook))
    try:
        webhook = render_webhook(with_authority(endpoint, change.host.read(place.webhook)))
        setup = AuditSetup(
            policy=render_policy(config.policy.load(), policy_version(places.kubernetes_version(config))),
            webhook=webhook,
            arguments=arguments,
            adopt=getattr(host, "adopt", False),
            contract=contract_of(webhook, arguments, _say),
        )
        return place.manifests, arguments, plan(change, setup)
    except HostError as error:
        return place.manifests, arguments, error


def _say(text: str) -> None:
    typer.echo(text, err=True)
