"""What a stack of kind cluster-api becomes, and what `up` would do to its control plane."""

from collections.abc import Callable
from threading import Event

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.config import places
from k8s_audit.config.platforms.cluster_api import ClusterApiPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.durations import seconds
from k8s_audit.control_plane.versions import policy_version
from k8s_audit.delivery.webhook import render_webhook, with_authority
from k8s_audit.platforms.cluster_api.change import ControlPlaneAudit, live
from k8s_audit.platforms.cluster_api.component import ClusterApiAudit
from k8s_audit.platforms.cluster_api.control_plane import paths
from k8s_audit.platforms.cluster_api.each_machine import planned
from k8s_audit.platforms.cluster_api.machines import Machines
from k8s_audit.platforms.cluster_api.rollout import KIND
from k8s_audit.platforms.management.change import ObjectChange, ObjectPlace
from k8s_audit.platforms.management.cluster import ManagementCluster
from k8s_audit.platforms.stack_args import placed
from k8s_audit.receivers.endpoint import ReceiverEndpoint

place = placed(ClusterApiAudit)


def plan(
    stack: Stack, kubeconfig: str, endpoint: ReceiverEndpoint, secret: Callable[[str], str], say: Callable[[str], None]
) -> tuple[str, list[str]]:
    """What `up` would do to the control plane, in words, with nothing changed.

    Args:
        stack: the whole configuration.
        kubeconfig: the path of the cluster's own, which is not asked.
        endpoint: who takes audit events.
        secret: the value of one of the stack's secret keys.
        say: is told what happens.

    Returns:
        what is changed, and the changes.

    Raises:
        ConflictError, HostError: why it would fail.
    """
    platform = stack.platform
    assert isinstance(platform, ClusterApiPlatform)
    where = ObjectPlace(platform.namespace, platform.name, seconds(platform.rollout_timeout))
    cluster = ManagementCluster(platform.management_path())
    change = ObjectChange(cluster, KIND, where, Event(), say)
    flags = stack.delivery.flags().within(endpoint.body_limit, endpoint.event_limit)
    arguments = flags.arguments(*paths(platform.folder))
    there = live(change, arguments)
    webhook = render_webhook(with_authority(endpoint, there.webhook.encode() if there else None))
    policy = render_policy(stack.policy.load(), policy_version(places.kubernetes_version(stack)))
    audit = ControlPlaneAudit(policy, webhook, arguments, platform.adopt)
    changes = audit.plan(change)
    machines = Machines(cluster, platform.namespace, platform.name)
    if (document := change.read()) is not None:
        changes += planned(machines, platform.prove_each_machine, document, audit.edit(platform.name), say)
    return f"KubeadmControlPlane {platform.namespace}/{platform.name}", changes
