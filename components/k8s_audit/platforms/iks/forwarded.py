"""What a stack of kind iks becomes whose policy records the bodies of Secrets: a forwarder that takes them off, and IBM's webhook that leads to it.

The forwarder is in the cluster, so the API servers reach it through their own proxy; what comes from there are pods of konnectivity.
"""

import pulumi

from k8s_audit.config.forwarder_kinds import BentoForwarder
from k8s_audit.config.stack import Stack
from k8s_audit.delivery.forwarder import inlet
from k8s_audit.platforms.iks.component import IksAudit, IksAuditArgs
from k8s_audit.platforms.iks.proxy import proxied
from k8s_audit.platforms.stack_args import stack_args
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.helm.network_policy import AGENTS, AGENTS_NAMESPACE
from k8s_audit.receivers.placement import Outputs, Placement

SENDERS = {"sender_namespace": AGENTS_NAMESPACE, "sender_pods": {"k8s-app": AGENTS}}
"""https://cloud.ibm.com/docs/containers?topic=containers-health-audit#audit-api-server-cluster"""


def place(
    stack: Stack, endpoints: list[ReceiverArgs], placement: Placement, options: pulumi.ResourceOptions
) -> Outputs:
    """Register it.

    Args:
        stack: the whole configuration.
        endpoints: who takes audit events; empty: nobody, and nothing is set.
        placement: what is around the receivers: the cluster's kubeconfig and provider.
        options: Pulumi's.

    Raises:
        ConfigError: the receiver asks for what the forwarder cannot give.
    """
    if not endpoints:
        return {"kubeconfig": placement.kubeconfig}
    assert isinstance(stack.forwarder, BentoForwarder)
    forwarder = inlet.listen(
        inlet.certificate(stack),
        stack=stack,
        endpoint=endpoints[0],
        decoder="iks",
        identity="iks",
        pods=SENDERS,
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(providers=[placement.kubernetes()])),
    )
    url = proxied(inlet.address(stack.forwarder))
    # by an output of its own, the webhook comes after the pods that take what it sends
    reached: ReceiverArgs = {"name": endpoints[0]["name"], "url": forwarder.deployment.apply(lambda _: url)}
    args: IksAuditArgs = stack_args(stack, reached, placement) | {
        "forwarder": pulumi.Output.concat(forwarder.namespace, "/", forwarder.deployment),
        "triggers": [forwarder.revision],
    }
    # and after all the rest, whose making does not meet API servers that are restarted
    after = pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[forwarder]))
    audit = IksAudit(stack.cluster.name, args, after)
    return {
        "kubeconfig": placement.kubeconfig,
        "forwarder": forwarder.deployment,
        "deliveryChecks": audit.delivery_checks,
    }
