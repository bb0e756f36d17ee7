"""What a stack of kind local becomes."""

import pulumi

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.config.platforms.local import LocalPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.platforms.local import LocalAudit
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.placement import Outputs, Placement


def place(stack: Stack, endpoint: ReceiverArgs, placement: Placement, options: pulumi.ResourceOptions) -> Outputs:
    """Register it.

    Args:
        stack: the whole configuration.
        endpoint: who takes audit events.
        placement: what is around the receivers: the stack's folder.
        options: Pulumi's.
    """
    platform = stack.platform
    assert isinstance(platform, LocalPlatform)
    local = LocalAudit(
        stack.cluster.name,
        {
            "folder": str(placement.folder),
            "cluster": stack.cluster.name,
            "receiver": endpoint,
            "etcd_port": platform.ports.etcd,
            "etcd_peer_port": platform.ports.etcd_peer,
            "api_server_port": platform.ports.api_server,
            "policy": render_policy(stack.policy.load()),
            "delivery": stack.delivery.model_dump(by_alias=True, exclude_none=True),
            "restart_timeout": platform.restart_timeout,
        },
        options,
    )
    return {
        "apiServer": local.api_server,
        "kubeconfig": local.kubeconfig,
        "deliveryChecks": local.delivery_checks,
    }
