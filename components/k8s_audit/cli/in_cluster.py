"""What `k8s-audit doctor` says of a stack's receivers in the cluster: troubles that their pods, events and webhooks tell, with mends."""

from collections.abc import Iterator
from pathlib import Path

from k8s_audit.cli.findings import Finding
from k8s_audit.config import places
from k8s_audit.config.receivers.helm import HelmReceiver
from k8s_audit.config.stack import Stack
from k8s_audit.errors import ConfigError
from k8s_audit.receivers.troubles.diagnosis import Trouble, troubles_of
from k8s_audit.receivers.troubles.look import look, with_log


def receiver_findings(stack: Stack, kubeconfig: str, log: Path | None = None) -> Iterator[Finding]:
    """What is seen of each.

    Args:
        stack: its configuration.
        kubeconfig: path of one that may look at them.
        log: lines of an API server or a receiver that were fetched by other means.

    Raises:
        ConfigError: the log cannot be read, or no receiver is in the cluster.
    """
    receivers = [receiver for receiver in stack.receivers if isinstance(receiver, HelmReceiver)]
    if log and not receivers:
        raise ConfigError(["--log: is looked at for receivers in the cluster, and this stack has none"])
    for receiver in receivers:
        webhooks = [webhook for name, webhook in places.webhooks(stack) if name == receiver.name]
        signs = look(receiver, stack.platform, kubeconfig, webhooks)
        signs = with_log(signs, log) if log else signs
        troubles = troubles_of(signs)
        yield Finding(
            f"receiver {receiver.name} in namespace {receiver.namespace}: {len(signs.logs)} logs looked at",
            [line for trouble in troubles for line in _told(trouble)]
            + [f"not known, {line}" for line in signs.unknown],
            wrong=any(not trouble.harmless for trouble in troubles),
        )


def _told(trouble: Trouble) -> list[str]:
    head = f"{'known' if trouble.harmless else 'wrong'}: {trouble.name}: {trouble.means}"
    return [head, f"  seen: {trouble.seen}", f"  mend: {trouble.mend}"]
