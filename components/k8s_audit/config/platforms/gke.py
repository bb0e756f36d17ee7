"""`kind: gke`: a cluster of Google's, which the stack need not own."""

from ipaddress import ip_network
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from k8s_audit.config.forwarder_kinds import ForwarderKind, NoForwarder, SysdigForwarder
from k8s_audit.config.model import ConfigModel, Duration
from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.faults import CREDENTIAL

MOST_LABELS = 64
"""https://cloud.google.com/resource-manager/docs/labels-overview#requirements"""


def _path(text: str) -> str:
    if text.lstrip().startswith("{"):
        raise PydanticCustomError(
            CREDENTIAL, "the path of a file is needed; what is in the file is a secret and stays there"
        )
    return text


def _off(given: Any) -> Any:
    return {"logTypes": []} if given is False else given


def _range(text: str) -> str:
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError("a CIDR is needed, such as 172.16.0.0/28") from None
    if network.prefixlen == 0:
        raise ValueError(f"{text} is everybody; the control plane's own range is needed, such as 172.16.0.0/28")
    return text


Project = Annotated[str, StringConstraints(pattern=r"^([a-z0-9][a-z0-9.-]*\.[a-z]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
"""A project's ID, not its number nor its display name."""
Location = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z]+[0-9]{1,2}(-[a-z])?$")]
"""A region such as `europe-west1`, or a zone such as `europe-west1-b`."""
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z]+[0-9]{1,2}$")]
ClusterName = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$")]
"""https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters: up to 40 characters."""
CryptoKey = Annotated[
    str,
    StringConstraints(
        pattern=r"^projects/[^/]+/locations/[a-z0-9-]+/keyRings/[A-Za-z0-9_-]{1,63}/cryptoKeys/[A-Za-z0-9_-]{1,63}$"
    ),
]
Topic = Annotated[str, StringConstraints(pattern=r"^projects/[^/]+/topics/[A-Za-z][A-Za-z0-9._~+%-]{2,254}$")]
ServiceAccount = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}@[a-z0-9.-]+\.gserviceaccount\.com$")
]
Member = Annotated[str, StringConstraints(pattern=r"^(user|group|serviceAccount|domain|principal|principalSet):\S+$")]
LogType = Literal["ADMIN_READ", "DATA_READ", "DATA_WRITE"]
"""https://cloud.google.com/logging/docs/audit/configure-data-access"""
CredentialsPath = Annotated[str, Field(min_length=1), AfterValidator(_path)]
ControlPlaneRange = Annotated[str, AfterValidator(_range)]
NodeTag = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")]
LabelKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
LabelValue = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{0,63}$")]
Days = Annotated[int, Field(ge=1, le=31)]
"""Pub/Sub keeps a message for at most 31 days: its API reference, projects.subscriptions."""


class DataAccessConfig(ConfigModel):
    """`dataAccess`: what GKE logs beside changes. It is the whole project's, all of its clusters', and paid for."""

    log_types: list[LogType] = Field(default_factory=lambda: list[LogType](["ADMIN_READ", "DATA_READ", "DATA_WRITE"]))
    """What is switched on; what is on stays as it is. Empty: nothing is."""
    exempted_members: list[Member] = Field(default_factory=list)
    """Whose requests are not logged, in the types that we switch on."""

    @model_validator(mode="after")
    def _once(self) -> Self:
        for key, given in (("logTypes", self.log_types), ("exemptedMembers", self.exempted_members)):
            if len(set(given)) < len(given):
                raise ValueError(f"{key} names one twice")
        return self


class PubSubConfig(ConfigModel):
    """`pubsub`: the topic into which the sink writes, and the subscription out of which the forwarder reads."""

    project: Project | None = None
    """Default: the cluster's."""
    topic: Topic | None = None
    """One that another stack made, also in another project: this cluster's events join it, and its forwarder brings them on."""
    shared: bool = False
    """Other clusters' sinks write into this topic too: each event is annotated with its own record's cluster and location."""
    retention_days: Days = 7
    """How long a forwarder may be down without a loss."""
    topic_retention_days: Days | None = None
    """How far back a subscription can be rewound; paid for; default: as far as its own retention."""
    dead_letter_retention_days: Days = 31
    max_delivery_attempts: int = Field(default=100, ge=5, le=100)
    """After so many, Pub/Sub itself moves a message to the dead letters."""
    regions: list[Region] = Field(default_factory=list)
    """Where messages may be stored; default: as the organization's policy says."""
    kms_key: CryptoKey | None = None
    """Default: Google's own keys."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.topic:
            others = sorted(self.model_fields_set - {"topic"})
            names = [type(self).model_fields[name].alias or name for name in others]
            if names:
                raise ValueError(f"topic is another stack's, which alone says its {', '.join(names)}")
        return self


class FirewallConfig(ConfigModel):
    """`firewall`: what is looked up of a private cluster unless it is said here."""

    control_plane_ranges: list[ControlPlaneRange] = Field(default_factory=list)
    node_tags: list[NodeTag] = Field(default_factory=list)


class GkePlatform(PlatformConfig):
    """A cluster of Google's."""

    deliveries: ClassVar[tuple[str, ...]] = ("stream",)
    fixed_policy: ClassVar[bool] = True
    hints: ClassVar[dict[str, str]] = {
        "region": "location is the cluster's region or zone",
        "zone": "location is the cluster's region or zone",
        "forwarder": "audit:forwarder is a key of its own",
        "namespace": "audit:forwarder.namespace says where the forwarder's pods are",
        "serviceAccount": "audit:forwarder.serviceAccount says who they are",
    }
    kind: Literal["gke"]
    project: Project
    location: Location
    cluster_name: ClusterName | None = None
    """Default: `audit:cluster.name`."""
    credentials: CredentialsPath | None = None
    """Path of a file of credentials on this machine; default: what the surroundings say."""
    impersonate_service_account: ServiceAccount | None = None
    """A service account that does all that is done in Google Cloud."""
    data_access: Annotated[DataAccessConfig, BeforeValidator(_off)] = DataAccessConfig()
    """false: it is left as it is."""
    pubsub: PubSubConfig = PubSubConfig()
    identity: Literal["workload-identity", "service-account"] = "workload-identity"
    """Who the forwarder is in Google Cloud: its Kubernetes service account itself, or a service account of Google's that it acts as."""
    receiver_ports: list[Annotated[int, Field(ge=1, le=65535)]] | None = None
    """TCP ports of private nodes that the control plane may call; default: 5000 where a receiver takes AdmissionReviews, else none."""
    firewall: FirewallConfig = FirewallConfig()
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict, max_length=MOST_LABELS)
    update_timeout: Duration = "2m"
    """For changing the project's audit configuration, others' changes at the same time waited for."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.receiver_ports and len(set(self.receiver_ports)) < len(self.receiver_ports):
            raise ValueError("receiverPorts names one twice")
        return self

    def forwarder_faults(self, forwarder: ForwarderKind) -> list[str]:
        """A topic of another stack's is read there, and the seed's forwarder reads none."""
        if isinstance(forwarder, SysdigForwarder):
            unused = sorted({"pubsub", "data_access", "identity"} & self.model_fields_set)
            return [
                f"audit:platform.{type(self).model_fields[name].alias}: the forwarder sysdig polls the activity log by a key; take it out"
                for name in unused
            ]
        if isinstance(forwarder, NoForwarder) and not self.pubsub.topic:
            return [
                "audit:platform.pubsub.topic: missing; audit:forwarder is none, so another stack's reads the events"
            ]
        if self.pubsub.topic and not isinstance(forwarder, NoForwarder):
            return [
                "audit:platform.pubsub.topic: is another stack's, whose forwarder brings the events on; set audit:forwarder: none"
            ]
        return []
