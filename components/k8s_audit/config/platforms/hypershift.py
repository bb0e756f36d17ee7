"""`kind: hypershift`: a cluster of OpenShift whose control plane is a HostedCluster of HyperShift."""

from collections.abc import Sequence
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.platforms.management import ManagementPlatform
from k8s_audit.config.receivers.http import HttpReceiver
from k8s_audit.config.receivers.model import ReceiverConfig

INSIDE = (".svc", ".local")
"""Ends of names that a cluster alone knows."""


class HypershiftPlatform(ManagementPlatform):
    """A HostedCluster: its API servers get a webhook; what they record is one of OpenShift's profiles."""

    fixed_policy: ClassVar[bool] = True
    kind: Literal["hypershift"]
    audit_profile: Literal["Default", "WriteRequestBodies", "AllRequestBodies"] | None = None
    """What the API servers record; default: what the HostedCluster says, as it is."""

    def delivery_faults(self, delivery: DeliveryConfig) -> list[str]:
        """See PlatformConfig: all flags are HyperShift's own."""
        return [
            f"audit:delivery.{key}: HyperShift alone sets the flags of its API servers; take it out"
            for key in delivery.of_api_servers()
        ]

    def receiver_faults(self, receivers: Sequence[ReceiverConfig]) -> list[str]:
        """See PlatformConfig: the API servers run in the management cluster, and send from there."""
        return [
            f"audit:receivers[{index}]: {why}; the API servers run in the management cluster and send from its network, past the hosted"
            " cluster's: use kind http, with a URL that is reached from there"
            for index, receiver in enumerate(receivers)
            if (why := _unreachable(receiver))
        ]

    def warnings(self) -> list[str]:
        """See PlatformConfig."""
        return [
            "hypershift: its API servers, those of OpenShift and OAuth too, have no setting for truncation or throttling, so an event or"
            " batch that is larger than the receiver takes is lost at the webhook"
        ]


def _unreachable(receiver: ReceiverConfig) -> str:
    if receiver.takes() != "events":
        return ""
    if receiver.in_cluster:
        return f"a receiver of kind {receiver.kind} runs in the hosted cluster"
    if not isinstance(receiver, HttpReceiver):
        return f"a receiver of kind {receiver.kind} listens on this machine"
    host = urlsplit(receiver.url).hostname or ""
    if host.endswith(INSIDE) or host == "localhost":
        return f"{host} is a name inside a cluster"
    return ""
