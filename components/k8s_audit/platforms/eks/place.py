"""What a stack of kind eks becomes: its AWS provider, and EksAudit."""

import pulumi

from k8s_audit.config.platforms.eks import EksPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.platforms.eks.component import EksAudit
from k8s_audit.platforms.eks.sdk import provider
from k8s_audit.platforms.eks.session import Access
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.placement import Outputs, Placement

WEBHOOK_PORT = 5000
"""TCP, of Sysdig's admission controller."""


def place(
    stack: Stack, endpoints: list[ReceiverArgs], placement: Placement, options: pulumi.ResourceOptions
) -> Outputs:
    """Register it.

    Args:
        stack: the whole configuration.
        endpoints: who takes audit events; empty: nobody, and no log is switched on.
        placement: what is around the receivers: the cluster's kubeconfig and provider.
        options: Pulumi's.
    """
    platform = stack.platform
    assert isinstance(platform, EksPlatform)
    if endpoints:
        pulumi.log.warn(
            f"platform eks: events reach the stream; what brings them to {endpoints[0]['name']} is not built yet"
        )
    access = Access(platform.region, platform.profile, platform.role_arn, platform.external_id)
    reviews = any(receiver.takes() == "reviews" for receiver in stack.receivers)
    made = EksAudit(
        stack.cluster.name,
        {
            "cluster": platform.cluster_name or stack.cluster.name,
            "settings": platform.model_dump(by_alias=True, exclude={"kind"}, exclude_none=True),
            "events": bool(endpoints),
            "receiver_ports": [WEBHOOK_PORT] if reviews else [],
        },
        pulumi.ResourceOptions.merge(
            options, pulumi.ResourceOptions(providers=[provider(access, platform.account_id)])
        ),
    )
    return {
        "apiServer": made.cluster_endpoint,
        "logGroup": made.log_group,
        "stream": made.stream,
        "checkpointTable": made.checkpoint_table,
        "readerRole": made.reader_role,
    }
