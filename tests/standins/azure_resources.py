"""Resources of Pulumi's azure-native plugin, as requests of Azure's API: those alone that the product has, with the properties that it sets.

How the plugin puts inputs into a body, and takes them out again: https://github.com/pulumi/pulumi-azure-native/tree/master/provider/pkg/convert.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.standins.cloud_plugin import RefusedError

Values = dict[str, Any]
Ask = Callable[[str, str, Values | None], Values]
"""Method, ID and body to the answer's body; raises ArmError."""
GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers"
NAMESPACE = f"{GROUP}/Microsoft.EventHub/namespaces/{{namespaceName}}"
HUB = f"{NAMESPACE}/eventhubs/{{eventHubName}}"


class ArmError(Exception):
    """What Azure refuses, written as the plugin writes it (its provider/pkg/azure/client_azcore.go).

    Args:
        status: HTTP's.
        code: Azure's name of it.
        text: for people.
    """

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(f'Status={status} Code="{code}" Message="{text}"')
        self.status = status


@dataclass(frozen=True)
class Kind:
    """One type of resource.

    Args:
        path: of its ID, with inputs in braces.
        top: inputs that lie at the top of the body; all others are in its `properties`.
        served: those others; what is neither is refused.
        kept: no DELETE, but this body: it is a part of something else.
    """

    path: str
    top: frozenset[str] = frozenset()
    served: frozenset[str] = frozenset()
    kept: Values | None = None

    @property
    def in_path(self) -> frozenset[str]:
        return frozenset(part.partition("}")[0] for part in self.path.split("{")[1:]) - {"subscriptionId"}

    @property
    def replaces(self) -> frozenset[str]:
        return self.in_path

    def check(self, news: Values) -> None:
        strange = news.keys() - self.top - self.served - self.in_path
        if unserved := sorted(key for key in strange if news[key] not in (None, [], {})):
            raise RefusedError(f"the stand-in for the azure-native plugin does not serve {', '.join(unserved)}")
        if missing := sorted(self.in_path - news.keys()):
            raise RefusedError(f"missing required property '{missing[0]}'")

    def id(self, subscription: str, news: Values) -> str:
        given = {key: str(news[key]).strip("/") for key in self.in_path}
        return self.path.format(subscriptionId=subscription, **given)

    def body(self, news: Values) -> Values:
        body = {key: news[key] for key in self.top & news.keys()}
        if identities := body.get("identity", {}).get("userAssignedIdentities"):
            body["identity"] = body["identity"] | {"userAssignedIdentities": {each: {} for each in identities}}
        return body | {"properties": {key: news[key] for key in self.served & news.keys()}}

    def outputs(self, told: Values) -> Values:
        properties: Values = told["properties"]
        return {key: told[key] for key in told.keys() - {"properties"}} | properties

    def refreshed(self, inputs: Values, before: Values, now: Values) -> Values:
        """The inputs, changed by what has changed in Azure since: so what Azure adds by itself is no difference."""
        made = dict(inputs)
        for key in self.top | self.served:
            if before.get(key) != now.get(key):
                made[key] = now.get(key)
        return {key: value for key, value in made.items() if value is not None}


KINDS = {
    "azure-native:eventhub:Namespace": Kind(
        NAMESPACE,
        frozenset("location sku tags identity".split()),
        frozenset(
            "isAutoInflateEnabled maximumThroughputUnits minimumTlsVersion zoneRedundant encryption publicNetworkAccess".split()
        ),
    ),
    "azure-native:eventhub:NamespaceNetworkRuleSet": Kind(
        f"{NAMESPACE}/networkRuleSets/default",
        served=frozenset(
            "defaultAction publicNetworkAccess trustedServiceAccessEnabled ipRules virtualNetworkRules".split()
        ),
        kept={"properties": {"defaultAction": "Allow"}},
    ),
    "azure-native:eventhub:NamespaceAuthorizationRule": Kind(
        f"{NAMESPACE}/authorizationRules/{{authorizationRuleName}}", served=frozenset({"rights"})
    ),
    "azure-native:eventhub:EventHub": Kind(HUB, served=frozenset({"partitionCount", "retentionDescription"})),
    "azure-native:eventhub:EventHubAuthorizationRule": Kind(
        f"{HUB}/authorizationRules/{{authorizationRuleName}}", served=frozenset({"rights"})
    ),
    "azure-native:monitor:DiagnosticSetting": Kind(
        "/{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
        served=frozenset("eventHubAuthorizationRuleId eventHubName logs metrics logAnalyticsDestinationType".split()),
    ),
    "azure-native:network:SecurityRule": Kind(
        f"{GROUP}/Microsoft.Network/networkSecurityGroups/{{networkSecurityGroupName}}/securityRules/{{securityRuleName}}",
        served=frozenset(
            "description priority direction access protocol sourceAddressPrefix sourcePortRange destinationAddressPrefix"
            " destinationPortRanges".split()
        ),
    ),
    "azure-native:storage:StorageAccount": Kind(
        f"{GROUP}/Microsoft.Storage/storageAccounts/{{accountName}}",
        frozenset("location kind sku tags".split()),
        frozenset("allowBlobPublicAccess enableHttpsTrafficOnly minimumTlsVersion".split()),
    ),
    "azure-native:storage:BlobContainer": Kind(
        f"{GROUP}/Microsoft.Storage/storageAccounts/{{accountName}}/blobServices/default/containers/{{containerName}}",
        frozenset(),
        frozenset({"publicAccess"}),
    ),
}
INVOKES = {
    "azure-native:containerservice:getManagedCluster": (
        "GET",
        Kind(f"{GROUP}/Microsoft.ContainerService/managedClusters/{{resourceName}}"),
    ),
    "azure-native:eventhub:getNamespace": ("GET", Kind(NAMESPACE)),
    "azure-native:eventhub:listEventHubKeys": (
        "POST",
        Kind(f"{HUB}/authorizationRules/{{authorizationRuleName}}/listKeys"),
    ),
    "azure-native:storage:listStorageAccountKeys": (
        "POST",
        Kind(f"{GROUP}/Microsoft.Storage/storageAccounts/{{accountName}}/listKeys"),
    ),
}
