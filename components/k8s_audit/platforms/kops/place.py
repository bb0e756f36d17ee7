"""What a stack of kind kops becomes, and what `up` would do to its cluster."""

from collections.abc import Callable
from threading import Event

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.config import places
from k8s_audit.config.platforms.kops import KopsPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.durations import seconds
from k8s_audit.control_plane.versions import policy_version
from k8s_audit.delivery.webhook import render_webhook, secrets_in, with_authority
from k8s_audit.platforms.kops.change import KopsChange
from k8s_audit.platforms.kops.cluster import KopsCluster, KopsPlace
from k8s_audit.platforms.kops.component import KopsAudit
from k8s_audit.platforms.kops.fields import settable
from k8s_audit.platforms.kops.spec import paths
from k8s_audit.platforms.stack_args import placed
from k8s_audit.receivers.endpoint import ReceiverEndpoint

place = placed(KopsAudit)


def plan(
    stack: Stack, kubeconfig: str, endpoint: ReceiverEndpoint, secret: Callable[[str], str], say: Callable[[str], None]
) -> tuple[str, list[str]]:
    """What `up` would do to the cluster, in words, with nothing changed.

    Args:
        stack: the whole configuration.
        kubeconfig: the path of the cluster's.
        endpoint: who takes audit events.
        secret: the value of one of the stack's secret keys.
        say: is told what kops says.

    Returns:
        what is changed, and the changes.

    Raises:
        ConflictError, HostError, ToolError: why it would fail.
    """
    platform = stack.platform
    assert isinstance(platform, KopsPlatform)
    times = seconds(platform.update_timeout), seconds(platform.roll_timeout)
    where = KopsPlace(platform.cluster_name, platform.state_store or "", kubeconfig, platform.apply, *times)
    arguments = settable(stack.delivery.flags().arguments(*paths(platform.folder)))
    there = KopsChange(KopsCluster(where, Event(), say)).read(arguments)
    webhook = render_webhook(with_authority(endpoint, there.live.webhook.encode() if there else None))
    cluster = KopsCluster(where, Event(), say, secrets_in(webhook))
    policy = render_policy(stack.policy.load(), policy_version(places.kubernetes_version(stack)))
    changes = KopsChange(cluster).plan(policy, webhook, arguments, platform.adopt)
    return f"cluster {platform.cluster_name} of kops", changes
