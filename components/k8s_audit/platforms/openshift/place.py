"""What a stack of kind openshift becomes: a forwarder that is sent records, the collector that sends them, the profile, and the proof."""

import pulumi

from k8s_audit.config.forwarder import NAME
from k8s_audit.config.forwarder_kinds import BentoForwarder
from k8s_audit.config.platforms.openshift import OpenshiftPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.delivery.forwarder import inlet
from k8s_audit.delivery.forwarder.link import prove
from k8s_audit.platforms.openshift.component import OpenshiftAudit, OpenshiftAuditArgs
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.placement import Outputs, Placement
from k8s_audit.receivers.service import dns_name


def place(
    stack: Stack, endpoints: list[ReceiverArgs], placement: Placement, options: pulumi.ResourceOptions
) -> Outputs:
    """Register it.

    Args:
        stack: the whole configuration.
        endpoints: who takes audit events; empty: nobody, and only the profile is set.
        placement: what is around the receivers: the cluster's kubeconfig and provider.
        options: Pulumi's.

    Raises:
        ConfigError: the receiver asks for what the forwarder cannot give.
    """
    platform, name = stack.platform, stack.cluster.name
    assert isinstance(platform, OpenshiftPlatform)
    args: OpenshiftAuditArgs = {
        "settings": platform.model_dump(by_alias=True, exclude={"kind"}, exclude_unset=True),
        "kubeconfig": placement.kubeconfig,
    }
    if not endpoints:
        OpenshiftAudit(name, args, options)
        return {"kubeconfig": placement.kubeconfig}
    assert isinstance(stack.forwarder, BentoForwarder)
    inside = pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(providers=[placement.kubernetes()]))
    certificate = inlet.certificate(stack)
    forwarder = inlet.listen(
        certificate,
        stack=stack,
        endpoint=endpoints[0],
        decoder="openshift",
        identity="openshift",
        pods={"pod_security": {}, "sender_namespace": platform.logging_namespace},
        opts=inside,
    )
    url = f"https://{dns_name(NAME, stack.forwarder.namespace)}{inlet.PATH}"
    # by an output of its own, the collector comes after the pods that take what it sends
    args |= {"url": forwarder.deployment.apply(lambda _: url), "ca": certificate.ca}
    made = OpenshiftAudit(name, args, inside)
    check = prove(
        f"{name}-proof",
        stack=stack,
        placement=placement,
        endpoint=endpoints[0],
        forwarder=forwarder,
        after=[made],
        triggers=[made.profile],
    )
    return {
        "kubeconfig": placement.kubeconfig,
        "collector": made.collector,
        "profile": made.profile,
        "forwarder": forwarder.deployment,
        "deliveryChecks": check.checks,
    }
