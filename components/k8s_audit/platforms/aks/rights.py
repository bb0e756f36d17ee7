"""Every right in Azure that we give or need, each with what needs it, as data: `hubs.py` makes the rules from it.

Rights of a rule: https://learn.microsoft.com/en-us/azure/event-hubs/authorize-access-shared-access-signature. Actions:
https://learn.microsoft.com/en-us/azure/role-based-access-control/resource-provider-operations. That Send is enough for Azure Monitor where
the setting names the hub: the API's own refusal (https://github.com/Azure/azure-policy/issues/995); Microsoft's page asks for all three.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Right:
    """One right.

    Args:
        action: a right of a rule (`Listen`, `Send`, `Manage`), or `Provider/type/verb` of Azure's; never a wildcard.
        on: the kind of thing on which it is given, such as `hub`.
        needed_by: what makes the call.
    """

    action: str
    on: str
    needed_by: str


MONITOR = (Right("Send", "namespace", "Azure Monitor, to write events; it takes a rule of the namespace only"),)
"""Of the rule with which Azure Monitor writes."""
MONITOR_MANAGES = (
    *MONITOR,
    Right("Listen", "namespace", "Manage is not given without it"),
    Right("Manage", "namespace", "Azure Monitor, to make a hub where a setting names none; ours names one"),
)
"""The same, with `senderRights: manage`."""
FORWARDER_READS = (Right("Listen", "hub", "Bento's kafka_franz, to read and to commit its place"),)
"""Of the forwarder's rule for events."""
FORWARDER_DEAD_LETTERS = (Right("Send", "dead-letter hub", "Bento's kafka_franz, to put dead letters away"),)
"""Of its rule for dead letters."""
_CLUSTER = "Microsoft.ContainerService/managedClusters"
_HUBS = "Microsoft.EventHub/namespaces"
_SETTINGS = "Microsoft.Insights/diagnosticSettings"
_STORAGE = "Microsoft.Storage/storageAccounts"
_NETWORK = "Microsoft.Network/networkSecurityGroups/securityRules"
PREVIEW = (
    Right(f"{_CLUSTER}/read", "cluster", "the lookup of the cluster's region and address"),
    Right(f"{_HUBS}/read", "namespace", "the lookup of a namespace that is there already"),
    Right(
        f"{_HUBS}/eventhubs/authorizationRules/listKeys/action",
        "hubs",
        "the forwarder's strings, once the rules are made",
    ),
    Right(f"{_STORAGE}/listKeys/action", "storage account", "the seed's forwarder alone: its string"),
)
"""Of whoever runs a preview."""
UP = (
    Right(f"{_SETTINGS}/read", "cluster", "DiagnosticSetting"),
    Right(f"{_SETTINGS}/write", "cluster", "DiagnosticSetting"),
    Right(f"{_SETTINGS}/delete", "cluster", "DiagnosticSetting"),
    Right(
        f"{_HUBS}/authorizationRules/listKeys/action",
        "namespace",
        "DiagnosticSetting: Azure takes the rule's key for its writer",
    ),
    Right(f"{_HUBS}/write", "namespace", "Namespace, where it is not one that exists"),
    Right(f"{_HUBS}/delete", "namespace", "Namespace"),
    Right(f"{_HUBS}/networkRuleSets/read", "namespace", "NamespaceNetworkRuleSet, where networkRules is set"),
    Right(f"{_HUBS}/networkRuleSets/write", "namespace", "NamespaceNetworkRuleSet"),
    Right(f"{_HUBS}/networkRuleSets/delete", "namespace", "NamespaceNetworkRuleSet"),
    Right(f"{_HUBS}/authorizationRules/read", "namespace", "NamespaceAuthorizationRule"),
    Right(f"{_HUBS}/authorizationRules/write", "namespace", "NamespaceAuthorizationRule"),
    Right(f"{_HUBS}/authorizationRules/delete", "namespace", "NamespaceAuthorizationRule"),
    Right(f"{_HUBS}/eventhubs/read", "namespace", "EventHub"),
    Right(f"{_HUBS}/eventhubs/write", "namespace", "EventHub"),
    Right(f"{_HUBS}/eventhubs/delete", "namespace", "EventHub"),
    Right(f"{_HUBS}/eventhubs/authorizationRules/read", "hubs", "EventHubAuthorizationRule"),
    Right(f"{_HUBS}/eventhubs/authorizationRules/write", "hubs", "EventHubAuthorizationRule"),
    Right(f"{_HUBS}/eventhubs/authorizationRules/delete", "hubs", "EventHubAuthorizationRule"),
    Right(
        "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", "identity", "Namespace, where kmsKey is set"
    ),
    Right(
        "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
        "subnets",
        "NamespaceNetworkRuleSet with subnets",
    ),
    Right(f"{_NETWORK}/read", "network security group", "SecurityRule, where vnetIntegration is set"),
    Right(f"{_NETWORK}/write", "network security group", "SecurityRule"),
    Right(f"{_NETWORK}/delete", "network security group", "SecurityRule"),
    Right(f"{_STORAGE}/read", "storage account", "the seed's forwarder alone: StorageAccount"),
    Right(f"{_STORAGE}/write", "storage account", "the seed's forwarder alone: StorageAccount"),
    Right(f"{_STORAGE}/delete", "storage account", "the seed's forwarder alone: StorageAccount"),
    Right(f"{_STORAGE}/blobServices/containers/read", "storage account", "the seed's forwarder alone: BlobContainer"),
    Right(f"{_STORAGE}/blobServices/containers/write", "storage account", "the seed's forwarder alone: BlobContainer"),
    Right(f"{_STORAGE}/blobServices/containers/delete", "storage account", "the seed's forwarder alone: BlobContainer"),
)
"""Of whoever runs `up` and `destroy`, beside those of a preview. From Azure's list of operations and not tried: no subscription was at hand."""
