"""What `doctor` says of a cluster that another maker's command line changes, such as kops."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import typer

from k8s_audit.config import Stack, places
from k8s_audit.config.registry import TOOLED
from k8s_audit.errors import ConflictError, DeliveryError


def tell_tooled(stack: Stack, folder: Path, secret: Callable[[str], str]) -> bool:
    """Say what `up` would do there.

    Args:
        stack: its configuration.
        folder: what it keeps on this machine.
        secret: the value of one of its secret keys.

    Returns:
        whether something is in the way.

    Raises:
        K8sAuditError: that cannot be found out.
    """
    if all(receiver.takes() == "reviews" for receiver in stack.receivers):
        typer.echo("nothing is changed: the receivers take AdmissionReviews alone; `k8s-audit verify` tries them")
        return False
    endpoint = places.endpoint(stack, folder, secret)
    room = import_module(f"k8s_audit.platforms.{TOOLED[stack.platform.kind]}")
    kubeconfig = places.kubeconfig(stack, folder)
    try:
        what, changes = room.plan(stack, kubeconfig, endpoint, secret, lambda line: typer.echo(line, err=True))
    except (ConflictError, DeliveryError) as error:
        typer.echo(f"in the way: {error}")
        return True
    typer.echo("\n  ".join([what, *(changes or ["nothing to do"])]))
    return False
