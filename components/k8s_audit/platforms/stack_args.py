"""What a stack tells the component of its platform, for components that take a whole platform's settings."""

from collections.abc import Callable
from typing import Any

import pulumi

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.config.stack import Stack
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.placement import Outputs, Placement


def stack_args(stack: Stack, endpoint: ReceiverArgs, placement: Placement) -> Any:
    """The arguments `settings`, `receiver`, `kubeconfig` and `delivery`, and `policy` where the cluster's maker does not decide it.

    Args:
        stack: the whole configuration.
        endpoint: who takes audit events.
        placement: what is around the receivers: the cluster's kubeconfig.
    """
    policy = {} if stack.platform.fixed_policy else {"policy": render_policy(stack.policy.load())}
    return {
        "settings": stack.platform.model_dump(by_alias=True, exclude={"kind"}, exclude_none=True),
        "receiver": endpoint,
        "kubeconfig": placement.kubeconfig,
        "delivery": stack.delivery.model_dump(by_alias=True, exclude_none=True, exclude_unset=True),
        **policy,
    }


def placed(component: Callable[[str, Any, pulumi.ResourceOptions], Any]) -> Callable[..., Outputs]:
    """The `place` of a platform whose component takes just that, and yields proofs."""

    def place(stack: Stack, endpoint: ReceiverArgs, placement: Placement, options: pulumi.ResourceOptions) -> Outputs:
        """Register it.

        Args:
            stack: the whole configuration.
            endpoint: who takes audit events.
            placement: what is around the receivers: the cluster's kubeconfig.
            options: Pulumi's.
        """
        audit = component(stack.cluster.name, stack_args(stack, endpoint, placement), options)
        return {"kubeconfig": placement.kubeconfig, "deliveryChecks": audit.delivery_checks}

    return place
