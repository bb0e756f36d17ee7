"""`kind: iks`: a cluster of IBM Cloud Kubernetes Service, whose API servers send their events to the one webhook that IBM's API sets.

What the API can set: https://cloud.ibm.com/docs/containers?topic=containers-health-audit
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.forwarder_kinds import BentoForwarder, ForwarderKind
from k8s_audit.config.model import Duration
from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.config.receivers.http import HttpReceiver
from k8s_audit.config.receivers.model import ReceiverConfig
from k8s_audit.platforms.iks.api import API, IAM

ClusterId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
LOOPBACK = ("http://127.0.0.1:", "http://localhost:")


def _endpoint(url: str) -> str:
    if not url.startswith(("https://", *LOOPBACK)) or any(mark in url for mark in "?#@ "):
        raise ValueError("an https:// URL without query or credentials is needed, since a token goes there")
    return url.rstrip("/")


Endpoint = Annotated[str, AfterValidator(_endpoint)]


class IksPlatform(PlatformConfig):
    """A cluster of IBM's: one audit webhook, one of IBM's audit policies."""

    needs_kubeconfig: ClassVar[bool] = True
    fixed_policy: ClassVar[bool] = True
    kind: Literal["iks"]
    cluster_id: ClusterId
    """ID or name, as `ibmcloud ks cluster ls` prints it."""
    audit_policy: Literal["default", "verbose"] = "default"
    """IBM's own: `default` has Metadata alone from Kubernetes 1.30 on; `verbose` has the bodies of writes, those of Secrets too, which a
    forwarder takes off."""
    resource_group: str | None = Field(default=None, min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    """ID, where the API key's default group is another one."""
    region: str | None = Field(default=None, pattern=r"^[a-z]{2,4}-[a-z]+[0-9]*$")
    """Such as `eu-de`; default: IBM finds it by the cluster."""
    api_endpoint: Endpoint = API
    """Of IBM's Kubernetes service; `https://private.REGION.containers.cloud.ibm.com` from inside its network."""
    iam_endpoint: Endpoint = IAM
    """Where the API key becomes a token."""
    adopt: bool = False
    """Take over a webhook that is there already; destroy puts it back."""
    refresh_timeout: Duration = "45m"
    """For one refresh of the master."""

    @property
    def forwarded(self) -> bool:
        """Whether events go through a forwarder of ours, since bodies are in them that nobody else shall see."""
        return self.audit_policy == "verbose"

    def ways(self) -> tuple[str, ...]:
        """See PlatformConfig."""
        return ("stream",) if self.forwarded else self.deliveries

    def forwarder_faults(self, forwarder: ForwarderKind) -> list[str]:
        """See PlatformConfig: IBM's webhook leads to our forwarder, and to no other."""
        if isinstance(forwarder, BentoForwarder):
            return []
        return [
            f"audit:forwarder: {forwarder.kind} does not fit: auditPolicy verbose records the bodies of Secrets, which the forwarder of"
            " this stack takes off; allowed: bento"
        ]

    def delivery_faults(self, delivery: DeliveryConfig) -> list[str]:
        """See PlatformConfig: IBM alone sets the flags of its API servers."""
        return [
            f"audit:delivery.{key}: IBM alone sets the flags of its API servers; take it out"
            for key in delivery.of_api_servers()
        ]

    def receiver_faults(self, receivers: Sequence[ReceiverConfig]) -> list[str]:
        """See PlatformConfig: what IBM's API has no field for; a forwarder has."""
        faults: list[str] = []
        if self.forwarded:
            return faults
        for index, receiver in enumerate(receivers):
            key = f"audit:receivers[{index}]"
            if receiver.kind == "recorder":
                faults.append(f"{key}: a recorder listens on this machine alone, which IBM's API servers do not reach")
            if isinstance(receiver, HttpReceiver):
                unfit = {
                    "authorization": receiver.authorization != "none",
                    "tlsServerName": receiver.tls_server_name,
                }
                faults += [
                    f"{key}.{name}: IBM's audit webhook has no field for it; use a client certificate, or the path"
                    for name, given in unfit.items()
                    if given
                ]
        return faults
