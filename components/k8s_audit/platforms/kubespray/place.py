"""What a stack of kind kubespray becomes."""

import pulumi

from k8s_audit.config.stack import Stack
from k8s_audit.platforms.kubespray.component import KubesprayAudit, KubesprayAuditArgs
from k8s_audit.platforms.ssh_key import with_key
from k8s_audit.platforms.stack_args import stack_args
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.placement import Outputs, Placement


def place(stack: Stack, endpoint: ReceiverArgs, placement: Placement, options: pulumi.ResourceOptions) -> Outputs:
    """Register it.

    Args:
        stack: the whole configuration.
        endpoint: who takes audit events.
        placement: what is around the receivers: the cluster's kubeconfig.
        options: Pulumi's.
    """
    args: KubesprayAuditArgs = stack_args(stack, endpoint, placement)
    with_key(args)
    audit = KubesprayAudit(stack.cluster.name, args, options)
    return {"kubeconfig": placement.kubeconfig, "deliveryChecks": audit.delivery_checks}
