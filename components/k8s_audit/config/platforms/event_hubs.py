"""What a stack's file may say of the Event Hubs that an AKS cluster's audit log goes to.

Limits: https://learn.microsoft.com/en-us/azure/event-hubs/event-hubs-quotas and compare-tiers. Basic knows no Kafka, so it is none.
"""

from ipaddress import ip_network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from k8s_audit.config.model import ConfigModel

PREMIUM_UNITS = (1, 2, 4, 6, 8, 10, 12, 16)
"""Processing units that a premium namespace may have."""
STANDARD_UNITS = 40
"""Throughput units that a standard one may have: https://learn.microsoft.com/en-us/azure/event-hubs/event-hubs-auto-inflate."""
MOST_PARTITIONS = {"standard": 32, "premium": 100}
MOST_DAYS = {"standard": 7, "premium": 90}
INFLATED = 4
"""Throughput units that a standard namespace may grow to by itself, unless the file says otherwise."""
SUBNET = r"^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Network/virtualNetworks/[^/]+/subnets/[^/]+$"
IDENTITY = (
    r"^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.ManagedIdentity/userAssignedIdentities/[^/]+$"
)


def _address(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise ValueError("an IPv4 address or CIDR is needed, such as 203.0.113.7 or 203.0.113.0/24") from None
    if ":" in text:
        raise ValueError("Event Hubs takes IPv4 addresses only")
    return text


SubscriptionId = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
ResourceGroup = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]$")]
"""https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/resource-name-rules"""
NamespaceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9]$")]
"""6 to 50 characters; unique among all of Azure's customers."""
HubName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,254}[A-Za-z0-9])?$")]
RuleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,48}[A-Za-z0-9])?$")]
Address = Annotated[str, AfterValidator(_address)]


class CustomerKey(ConfigModel):
    """`kmsKey`: a key of Azure Key Vault with which a premium namespace is encrypted."""

    vault_uri: Annotated[str, StringConstraints(pattern=r"^https://[A-Za-z0-9-]{3,24}\.vault\.[a-z.]+/?$")]
    """Such as `https://audit.vault.azure.net`."""
    key_name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,127}$")]
    key_version: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] | None = None
    """Default: the newest, which Event Hubs follows."""
    identity: Annotated[str, StringConstraints(pattern=IDENTITY)]
    """ID of a user-assigned identity that may get, wrap and unwrap with the key: it must be there before the namespace is."""


class NetworkRules(ConfigModel):
    """`networkRules`: who but Azure Monitor reaches the namespace, which always stays allowed; all others are denied."""

    addresses: list[Address] = Field(default_factory=list, max_length=128)
    """IPv4 addresses and CIDRs, such as those from which the nodes go out."""
    subnets: list[Annotated[str, StringConstraints(pattern=SUBNET)]] = Field(default_factory=list, max_length=128)
    """IDs of subnets with the service endpoint Microsoft.EventHub, such as the nodes'."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.addresses and not self.subnets:
            raise ValueError("addresses or subnets are needed: without any, no forwarder reaches the namespace")
        return self


class ExistingHubs(ConfigModel):
    """`existing`: a namespace that is there already, such as one of a fleet in a central subscription."""

    namespace: NamespaceName
    subscription_id: SubscriptionId | None = None
    """Default: the cluster's."""
    resource_group: ResourceGroup | None = None
    """Default: the cluster's."""
    hub: HubName | None = None
    """A hub of it, which may take the events of many clusters; default: this stack makes one of its own there."""
    sender_rule: RuleName | None = None
    """A rule of the namespace with which Azure Monitor writes; default: this stack makes one (a namespace takes 12)."""


class EventHubsConfig(ConfigModel):
    """`eventHubs`: where Azure Monitor puts the events, and from where a forwarder takes them."""

    sku: Literal["standard", "premium"] = "standard"
    capacity: int = Field(default=1, ge=1, le=STANDARD_UNITS)
    """Throughput units (standard; each takes 1 MB/s or 1,000 messages/s) or processing units (premium)."""
    maximum_throughput_units: int | None = Field(default=None, ge=1, le=STANDARD_UNITS)
    """Of a standard namespace, which grows to it by itself and never shrinks; `capacity`: it does not. Default: 4, or `capacity` if more."""
    partitions: int = Field(default=4, ge=1, le=100)
    """As many forwarders can share the work. A standard hub keeps the number that it was made with."""
    retention_days: int = Field(default=1, ge=1, le=90)
    """How long a forwarder may be down without a loss."""
    namespace: NamespaceName | None = None
    """Of the namespace that is made; default: from the cluster's name, with a digest."""
    zone_redundant: bool | None = None
    """Default: as Azure has it, which is redundant where the region has zones."""
    kms_key: CustomerKey | None = None
    """Default: Microsoft's own key."""
    network_rules: NetworkRules | None = None
    """Default: any address, with a key."""
    sender_rights: Literal["send", "manage"] = "send"
    """What Azure Monitor's rule may do; `manage`: Manage, Send and Listen, as Microsoft's page has it for any setting."""
    access_key: Literal["primary", "secondary"] = "primary"
    """Which key of a rule the forwarder gets: change it, renew the other, and no event waits for it."""
    existing: ExistingHubs | None = None
    """Default: a namespace of this stack's own."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults = [*self._sizes(), *self._existing()]
        if self.kms_key and self.sku != "premium":
            faults.append("kmsKey needs sku: premium; a standard namespace has Microsoft's key")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def most_throughput(self) -> int | None:
        """Throughput units that a standard namespace grows to; 0: it does not grow; None: a premium one, which knows no such thing."""
        if self.sku == "premium":
            return None
        most = max(INFLATED, self.capacity) if self.maximum_throughput_units is None else self.maximum_throughput_units
        return most if most > self.capacity else 0

    def _sizes(self) -> list[str]:
        faults = []
        if self.sku == "premium" and self.capacity not in PREMIUM_UNITS:
            faults.append(f"capacity: a premium namespace has one of {', '.join(map(str, PREMIUM_UNITS))} units")
        if self.sku == "premium" and self.maximum_throughput_units is not None:
            faults.append("maximumThroughputUnits is for sku: standard; a premium namespace does not grow by itself")
        if self.maximum_throughput_units is not None and self.maximum_throughput_units < self.capacity:
            faults.append("maximumThroughputUnits is less than capacity")
        for key, given, most in (
            ("partitions", self.partitions, MOST_PARTITIONS[self.sku]),
            ("retentionDays", self.retention_days, MOST_DAYS[self.sku]),
        ):
            if given > most:
                faults.append(f"{key}: {given} is too much; sku {self.sku} allows {most}")
        return faults

    def _existing(self) -> list[str]:
        """Settings of what is not made here."""
        if not self.existing:
            return []
        ours = {"capacity", "maximum_throughput_units", "namespace", "zone_redundant", "kms_key", "network_rules"}
        ours |= {"partitions", "retention_days"} if self.existing.hub else set()
        ours |= {"sender_rights"} if self.existing.sender_rule else set()
        given = sorted(ours & self.model_fields_set)
        names = [type(self).model_fields[name].alias or name for name in given]
        return [f"{name}: is settled where existing was made; take it out" for name in names]
