"""What a stack of kind hypershift becomes, and what `up` would do to its HostedCluster."""

from collections.abc import Callable
from threading import Event

from k8s_audit.config.platforms.hypershift import HypershiftPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.durations import seconds
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.platforms.hypershift.change import HostedAudit
from k8s_audit.platforms.hypershift.component import HypershiftAudit
from k8s_audit.platforms.hypershift.rollout import KIND
from k8s_audit.platforms.management.change import ObjectChange, ObjectPlace
from k8s_audit.platforms.management.cluster import ManagementCluster
from k8s_audit.platforms.stack_args import placed
from k8s_audit.receivers.endpoint import ReceiverEndpoint

place = placed(HypershiftAudit)


def plan(
    stack: Stack, kubeconfig: str, endpoint: ReceiverEndpoint, secret: Callable[[str], str], say: Callable[[str], None]
) -> tuple[str, list[str]]:
    """What `up` would do to the HostedCluster, in words, with nothing changed.

    Args:
        stack: the whole configuration.
        kubeconfig: the path of the hosted cluster's own, which is not asked.
        endpoint: who takes audit events.
        secret: the value of one of the stack's secret keys.
        say: is told what happens.

    Returns:
        what is changed, and the changes.

    Raises:
        ConflictError, HostError: why it would fail.
    """
    platform = stack.platform
    assert isinstance(platform, HypershiftPlatform)
    where = ObjectPlace(platform.namespace, platform.name, seconds(platform.rollout_timeout))
    change = ObjectChange(ManagementCluster(platform.management_path()), KIND, where, Event(), say)
    audit = HostedAudit(render_webhook(endpoint), platform.audit_profile or "", platform.adopt)
    return f"HostedCluster {platform.namespace}/{platform.name}", audit.plan(change)
