"""What a stack tells the component of its platform, for components that take a whole platform's settings."""

from typing import Any

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.config.stack import Stack
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.placement import Placement


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
