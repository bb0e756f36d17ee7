"""What a stack of kind kind or k3d becomes, and what is in the way of its `up`."""

from collections.abc import Callable
from dataclasses import asdict

import pulumi

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.config import places
from k8s_audit.config.platforms.created import CreatedPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.versions import policy_version
from k8s_audit.errors import ConflictError
from k8s_audit.platforms.created.component import K3dAudit, KindAudit, commands
from k8s_audit.platforms.created.files import arguments
from k8s_audit.platforms.created.live import differences, live, refusal
from k8s_audit.platforms.stack_args import stack_args
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from k8s_audit.receivers.placement import Outputs, Placement


def place(stack: Stack, endpoint: ReceiverArgs, placement: Placement, options: pulumi.ResourceOptions) -> Outputs:
    """Register it.

    Args:
        stack: the whole configuration.
        endpoint: who takes audit events.
        placement: what is around the receivers: the cluster's kubeconfig.
        options: Pulumi's.
    """
    component = KindAudit if stack.platform.kind == "kind" else K3dAudit
    audit = component(stack.cluster.name, stack_args(stack, endpoint, placement), options)
    return {"kubeconfig": placement.kubeconfig, "deliveryChecks": audit.delivery_checks}


def plan(
    stack: Stack, kubeconfig: str, endpoint: ReceiverEndpoint, secret: Callable[[str], str], say: Callable[[str], None]
) -> tuple[str, list[str]]:
    """What `up` would do to the cluster: nothing.

    Args:
        stack: the whole configuration.
        kubeconfig: the path of the cluster's.
        endpoint: who takes audit events.
        secret: the value of one of the stack's secret keys.
        say: is told what goes on.

    Returns:
        what was looked at, and no change.

    Raises:
        ConflictError: the cluster was created otherwise.
        HostError: it cannot be asked.
    """
    platform = stack.platform
    assert isinstance(platform, CreatedPlatform)
    policy = render_policy(stack.policy.load(), policy_version(places.kubernetes_version(stack)))
    flags = stack.delivery.flags(platform.log_path()).within(endpoint.body_limit, endpoint.event_limit)
    wanted = platform.ours(arguments(platform.node_folder, flags, policy, asdict(endpoint)))
    if lines := differences(live(platform.kind, kubeconfig), wanted):
        raise ConflictError(refusal(platform.kind, lines, commands(platform, "STACK")))
    return f"cluster {platform.cluster_name} of {platform.kind}: created with what is wanted", []
