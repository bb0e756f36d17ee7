"""What a stack of kind gke becomes: its Google Cloud provider, and GkeAudit."""

import pulumi

from k8s_audit.config.platforms.gke import GkePlatform
from k8s_audit.config.stack import Stack
from k8s_audit.platforms.gke.component import GkeAudit
from k8s_audit.platforms.gke.sdk import provider
from k8s_audit.platforms.gke.session import Access
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.placement import Outputs

WEBHOOK_PORT = 5000
"""TCP, of Sysdig's admission controller."""


def place(stack: Stack, endpoints: list[ReceiverArgs], options: pulumi.ResourceOptions) -> Outputs:
    """Register it.

    Args:
        stack: the whole configuration.
        endpoints: who takes audit events; empty: nobody, and nothing is led out of Cloud Logging.
        options: Pulumi's.
    """
    platform = stack.platform
    assert isinstance(platform, GkePlatform)
    if endpoints:
        pulumi.log.warn(
            f"platform gke: events reach the subscription; what brings them to {endpoints[0]['name']} is not built yet"
        )
    access = Access(platform.credentials, platform.impersonate_service_account)
    reviews = any(receiver.takes() == "reviews" for receiver in stack.receivers)
    made = GkeAudit(
        stack.cluster.name,
        {
            "cluster": platform.cluster_name or stack.cluster.name,
            "settings": platform.model_dump(by_alias=True, exclude={"kind"}, exclude_none=True, exclude_unset=True),
            "events": bool(endpoints),
            "receiver_ports": [WEBHOOK_PORT] if reviews else [],
        },
        pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(providers=[provider(access, platform.project)])),
    )
    return {
        "apiServer": made.cluster_endpoint,
        "sink": made.sink,
        "topic": made.topic,
        "subscription": made.subscription,
        "deadLetterTopic": made.dead_letter_topic,
        "reader": made.reader,
    }
