"""`kind: aks`: a cluster of Microsoft's, which the stack need not own."""

from ipaddress import ip_network
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from k8s_audit.config.forwarder_kinds import ForwarderKind, SysdigForwarder
from k8s_audit.config.model import ConfigModel
from k8s_audit.config.platforms.event_hubs import EventHubsConfig, ResourceGroup, SubscriptionId
from k8s_audit.config.platforms.model import PlatformConfig

CATEGORIES = ("kube-audit", "kube-audit-admin")
SERVICE_TAGS = ("VirtualNetwork", "AzureLoadBalancer", "Internet", "*")


def _category(given: Any) -> Any:
    if isinstance(given, list):
        allowed = " or ".join(CATEGORIES)
        raise ValueError(f"one category, {allowed}: with both, each event but gets and lists comes and is paid twice")
    return given


def _range(text: str) -> str:
    if text in SERVICE_TAGS:
        raise ValueError(f"{text} would let in far more than the API server; the CIDR of its subnet is needed")
    try:
        ip_network(text)
    except ValueError:
        raise ValueError("the CIDR of the API server's subnet is needed, such as 10.226.0.0/28") from None
    if "/" not in text:
        raise ValueError(f"a CIDR has its length, such as {text}/32")
    return text


Category = Annotated[Literal["kube-audit", "kube-audit-admin"], BeforeValidator(_category)]
SettingName = Annotated[str, StringConstraints(pattern=r"^[^<>*%&:\\?+/\s]{1,260}$")]
SecurityGroup = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?$")]
StorageAccount = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{3,24}$")]
Container = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](-?[a-z0-9]){2,62}$")]


class VnetIntegration(ConfigModel):
    """`vnetIntegration`: for a cluster with API Server VNet Integration, whose API server calls the nodes from a subnet."""

    network_security_group: SecurityGroup
    """Of the nodes' subnet."""
    resource_group: ResourceGroup | None = None
    """Of that group; default: the cluster's."""
    source_range: Annotated[str, AfterValidator(_range)]
    """CIDR of the API server's subnet."""
    priority: int = Field(default=400, ge=100, le=4096)
    """Of the rule; each rule of a direction has its own."""


class SeedForwarder(ConfigModel):
    """`seed`: what the seed's install script fixed, for `audit:forwarder: sysdig`."""

    storage_account: StorageAccount | None = None
    """Unique among all of Azure's customers; default: from the cluster's name, with a digest."""
    storage_sku: Literal["Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_RAGRS"] = "Standard_RAGRS"
    container: Container = "kubeauditlogcontainer"
    image_version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")] = "1.2.7"
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    verbose_level: int = Field(default=3, ge=1, le=4)
    """1: errors; 2: also a line a message; 3: a line an event; 4: a line a request."""


class AksPlatform(PlatformConfig):
    """A cluster of Microsoft's."""

    deliveries: ClassVar[tuple[str, ...]] = ("stream",)
    fixed_policy: ClassVar[bool] = True
    hints: ClassVar[dict[str, str]] = {
        "forwarder": "it is a key of its own: audit:forwarder",
        "location": "it is looked up: the cluster's",
        "region": "it is looked up: the cluster's",
        "categories": "one alone: category",
        "subscription": "subscriptionId",
    }
    kind: Literal["aks"]
    subscription_id: SubscriptionId
    """Of the cluster, and the one in which its parts are made."""
    resource_group: ResourceGroup
    """Of the cluster, not of its nodes; its parts are made there, unless `hubsResourceGroup` says otherwise."""
    cluster_name: (
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$")] | None
    ) = None
    """Default: `audit:cluster.name`, which cannot have capitals or underscores."""
    hubs_resource_group: ResourceGroup | None = None
    """Where the namespace of Event Hubs is made; default: the cluster's resource group."""
    tenant_id: SubscriptionId | None = None
    """Of the subscription; default: what the surroundings say, such as `az login`."""
    environment: Literal["public", "usgovernment", "china"] = "public"
    category: Category = "kube-audit"
    """`kube-audit`: all events; `kube-audit-admin`: without get and list."""
    diagnostic_setting_name: SettingName = "k8s-audit"
    event_hubs: EventHubsConfig = EventHubsConfig()
    vnet_integration: VnetIntegration | None = None
    receiver_ports: list[Annotated[int, Field(ge=1, le=65535)]] | None = None
    """TCP ports that are let in; default: 5000 where a receiver takes AdmissionReviews, else none."""
    seed: SeedForwarder = SeedForwarder()
    tags: Annotated[dict[str, str], Field(max_length=50)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.receiver_ports and not self.vnet_integration:
            raise ValueError(
                "receiverPorts needs vnetIntegration: without it the API server comes through konnectivity's agents, whom"
                " no rule of a security group stops; a receiver's own `admit: [konnectivity]` lets them in"
            )
        if self.hubs_resource_group and self.event_hubs.existing:
            raise ValueError("hubsResourceGroup is for a namespace that is made; eventHubs.existing has its own")
        return self

    @property
    def central_subscription(self) -> str | None:
        """Of Event Hubs that exist, where that is another than the cluster's."""
        existing = self.event_hubs.existing
        own = existing is None or existing.subscription_id in (None, self.subscription_id)
        return None if own or existing is None else existing.subscription_id

    def forwarder_faults(self, forwarder: ForwarderKind) -> list[str]:
        """The seed's forwarder is pushed to, and polls nothing."""
        if isinstance(forwarder, SysdigForwarder) and forwarder.poll_interval:
            return ["audit:forwarder.pollInterval: is for a forwarder that polls, as EKS' does; take it out"]
        if not isinstance(forwarder, SysdigForwarder) and "seed" in self.model_fields_set:
            return ["audit:platform.seed: belongs to audit:forwarder: sysdig; take it out"]
        return []
