"""What `k8s-audit doctor` says of a stack's receivers in the cluster: troubles that their pods, events and webhooks tell, with mends."""

from pathlib import Path

import typer

from k8s_audit.config import Stack, places
from k8s_audit.config.receivers.helm import HelmReceiver
from k8s_audit.receivers.troubles.diagnosis import troubles_of
from k8s_audit.receivers.troubles.look import look, with_log


def tell_receivers(stack: Stack, kubeconfig: str, log: Path | None = None) -> bool:
    """Print what is seen of each.

    Args:
        stack: its configuration.
        kubeconfig: path of one that may look at them.
        log: lines of an API server or a receiver that were fetched by other means.

    Returns:
        whether something has to be mended.

    Raises:
        ConfigError: the log cannot be read.
    """
    wrong = False
    for receiver in stack.receivers:
        if not isinstance(receiver, HelmReceiver):
            continue
        webhooks = [webhook for name, webhook in places.webhooks(stack) if name == receiver.name]
        signs = look(receiver, stack.platform, kubeconfig, webhooks)
        signs = with_log(signs, log) if log else signs
        typer.echo(f"receiver {receiver.name} in namespace {receiver.namespace}: {len(signs.logs)} logs looked at")
        for trouble in troubles_of(signs):
            typer.echo(f"  {'known' if trouble.harmless else 'in the way'}: {trouble.name}: {trouble.means}")
            typer.echo(f"    seen: {trouble.seen}")
            typer.echo(f"    mend: {trouble.mend}")
            wrong = wrong or not trouble.harmless
        for line in signs.unknown:
            typer.echo(f"  not known, {line}")
    return wrong
