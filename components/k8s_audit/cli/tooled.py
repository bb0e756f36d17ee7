"""What `doctor` says of a cluster that another maker's command line changes, such as kops."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import typer

from k8s_audit.cli.control_plane import beyond_the_hosts
from k8s_audit.cli.findings import Finding
from k8s_audit.config import places
from k8s_audit.config.platforms.talos import TalosPlatform
from k8s_audit.config.registry import TOOLED
from k8s_audit.config.stack import Stack
from k8s_audit.errors import ConflictError, DeliveryError


def tooled_findings(stack: Stack, folder: Path, secret: Callable[[str], str]) -> Iterator[Finding]:
    """What `up` would do there, or what is in its way.

    Args:
        stack: its configuration.
        folder: what it keeps on this machine.
        secret: the value of one of its secret keys.

    Raises:
        K8sAuditError: that cannot be found out.
    """
    if not stack.takes_events:
        yield Finding("nothing is changed: the receivers take AdmissionReviews alone; `k8s-audit verify` tries them")
        return
    endpoint = places.endpoint(stack, folder, secret)
    room = import_module(f"k8s_audit.platforms.{TOOLED[stack.platform.kind]}")
    kubeconfig = places.kubeconfig(stack, folder)
    try:
        what, changes = room.plan(stack, kubeconfig, endpoint, secret, lambda line: typer.echo(line, err=True))
    except (ConflictError, DeliveryError) as error:
        yield Finding(f"in the way: {error}", wrong=True)
        return
    yield Finding(what, changes or ["nothing to do"])
    if isinstance(stack.platform, TalosPlatform):
        yield from beyond_the_hosts(stack.platform.kind, stack.platform.nodes, kubeconfig)
