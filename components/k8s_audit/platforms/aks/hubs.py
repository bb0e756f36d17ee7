"""The Event Hubs of one cluster: namespace, the hub of its events, that of dead letters, and a rule for each who uses them.

A rule is a pair of keys with rights: Azure Monitor may write (a rule of the namespace, as it takes no other), the forwarder may read
the events and write dead letters, each in one hub. Kafka's groups keep their place in Event Hubs itself: no storage account.
"""

from dataclasses import dataclass
from typing import Any

import pulumi

from k8s_audit.config.platforms.aks import AksPlatform
from k8s_audit.config.platforms.event_hubs import EventHubsConfig
from k8s_audit.platforms.aks import names
from k8s_audit.platforms.aks.rights import FORWARDER_DEAD_LETTERS, FORWARDER_READS, MONITOR, MONITOR_MANAGES
from k8s_audit.platforms.aks.sdk import sdk

SKUS = {"standard": "Standard", "premium": "Premium"}
HOURS = 24
DEAD_LETTER_DAYS = 7
"""For somebody to look at them; each sku allows it."""
BENTO, SYSDIG, NONE = "bento", "sysdig", "none"
"""Who reads: our forwarder; the seed's, which has its own name of the hub and knows no dead letters; another stack's."""


@dataclass(frozen=True)
class Hubs:
    """What was placed.

    Args:
        namespace: its name.
        hub: of the events.
        sender_rule: ID of the rule with which Azure Monitor writes.
        dead_letters: the hub of what could not be delivered; None: no forwarder of this stack reads.
        connection: the forwarder's string for the events; a secret; likewise.
        dead_letter_connection: its string for dead letters; a secret; likewise.
        resources: all of them, for what must come after.
    """

    namespace: pulumi.Output[str]
    hub: pulumi.Output[str]
    sender_rule: pulumi.Output[str]
    dead_letters: pulumi.Output[str] | None
    connection: pulumi.Output[str] | None
    dead_letter_connection: pulumi.Output[str] | None
    resources: list[pulumi.Resource]


class Placing:
    """Places them, as children of one component."""

    def __init__(
        self, name: str, home: names.Home, platform: AksPlatform, location: str, options: pulumi.ResourceOptions
    ) -> None:
        """Take what all of them share.

        Args:
            name: the component's.
            home: the cluster.
            platform: its settings.
            location: the cluster's region.
            options: of each: the parent, and the provider of the namespace's subscription if it is another.
        """
        self._name, self._home, self._platform, self._location = name, home, platform, location
        self._config: EventHubsConfig = platform.event_hubs
        self._options, self._made = options, list[pulumi.Resource]()
        existing = self._config.existing
        own_group = platform.hubs_resource_group or platform.resource_group
        self._group = (existing.resource_group or platform.resource_group) if existing else own_group

    def place(self, forwarder: str) -> Hubs:
        """Register all of it.

        Args:
            forwarder: who reads the hub: BENTO, SYSDIG or NONE.
        """
        existing = self._config.existing
        namespace = pulumi.Output.from_input(existing.namespace) if existing else self._namespace()
        own = names.SEED_HUB if forwarder == SYSDIG and not existing else self._fitted(names.HUB, "events")
        shared = existing.hub if existing else None
        hub = (
            pulumi.Output.from_input(shared)
            if shared
            else self._hub("hub", own, namespace, self._config.partitions, self._config.retention_days)
        )
        sender = self._sender(namespace)
        if forwarder == NONE:
            return Hubs(namespace, hub, sender, None, None, None, self._made)
        reads = self._rule("reader", namespace, hub, [right.action for right in FORWARDER_READS])
        if forwarder == SYSDIG:
            return Hubs(namespace, hub, sender, None, reads, None, self._made)
        letters = self._hub("dead-letters", self._fitted(names.HUB, "dead-letters"), namespace, 1, DEAD_LETTER_DAYS)
        writes = self._rule("dead-letter-writer", namespace, letters, [r.action for r in FORWARDER_DEAD_LETTERS])
        return Hubs(namespace, hub, sender, letters, reads, writes, self._made)

    def _namespace(self) -> pulumi.Output[str]:
        config, most = self._config, self._config.most_throughput()
        key = config.kms_key
        sku = SKUS[config.sku]
        # what grows by itself is no drift, and is not cut back
        grows = pulumi.ResourceOptions(ignore_changes=["sku.capacity"] if most else [])
        namespace = sdk("eventhub").Namespace(
            f"{self._name}-namespace",
            namespace_name=config.namespace or self._fitted(names.NAMESPACE),
            resource_group_name=self._group,
            location=self._location,
            sku={"name": sku, "tier": sku, "capacity": config.capacity},
            is_auto_inflate_enabled=None if most is None else most > 0,
            maximum_throughput_units=most,
            minimum_tls_version="1.2",
            zone_redundant=config.zone_redundant,
            identity={"type": "UserAssigned", "user_assigned_identities": [key.identity]} if key else None,
            encryption=_encryption(config) if key else None,
            tags=self._platform.tags,
            opts=pulumi.ResourceOptions.merge(self._options, grows),
        )
        self._made.append(namespace)
        if config.network_rules:
            self._network_rules(namespace.name)
        made: pulumi.Output[str] = namespace.name
        return made

    def _network_rules(self, namespace: pulumi.Output[str]) -> None:
        rules = self._config.network_rules
        assert rules
        self._made.append(
            sdk("eventhub").NamespaceNetworkRuleSet(
                f"{self._name}-network",
                namespace_name=namespace,
                resource_group_name=self._group,
                default_action="Deny",
                public_network_access="Enabled",
                # Azure Monitor is one of the trusted services: without this no event comes
                trusted_service_access_enabled=True,
                ip_rules=[{"ip_mask": address, "action": "Allow"} for address in rules.addresses],
                virtual_network_rules=[{"subnet": {"id": subnet}} for subnet in rules.subnets],
                opts=self._options,
            )
        )

    def _hub(
        self, role: str, hub: str, namespace: pulumi.Output[str], partitions: int, days: int
    ) -> pulumi.Output[str]:
        made = sdk("eventhub").EventHub(
            f"{self._name}-{role}",
            event_hub_name=hub,
            namespace_name=namespace,
            resource_group_name=self._group,
            partition_count=partitions,
            retention_description={
                "cleanup_policy": "Delete",
                "retention_time_in_hours": days * HOURS,
            },
            opts=self._options,
        )
        self._made.append(made)
        name: pulumi.Output[str] = made.name
        return name

    def _sender(self, namespace: pulumi.Output[str]) -> pulumi.Output[str]:
        """ID of the rule with which Azure Monitor writes."""
        existing = self._config.existing
        if existing and existing.sender_rule:
            subscription = existing.subscription_id or self._platform.subscription_id
            return pulumi.Output.from_input(
                f"/subscriptions/{subscription}/resourceGroups/{self._group}/providers/Microsoft.EventHub"
                f"/namespaces/{existing.namespace}/authorizationRules/{existing.sender_rule}"
            )
        rights = MONITOR if self._config.sender_rights == "send" else MONITOR_MANAGES
        rule = sdk("eventhub").NamespaceAuthorizationRule(
            f"{self._name}-sender",
            authorization_rule_name=self._fitted(names.RULE, "monitor"),
            namespace_name=namespace,
            resource_group_name=self._group,
            rights=[right.action for right in rights],
            opts=self._options,
        )
        self._made.append(rule)
        id: pulumi.Output[str] = rule.id
        return id

    def _rule(
        self, role: str, namespace: pulumi.Output[str], hub: pulumi.Output[str], rights: list[str]
    ) -> pulumi.Output[str]:
        """A rule of one hub; its connection string, which is a secret."""
        hubs = sdk("eventhub")
        rule = hubs.EventHubAuthorizationRule(
            f"{self._name}-{role}",
            authorization_rule_name=self._fitted(names.RULE, "reader" if role == "reader" else "writer"),
            event_hub_name=hub,
            namespace_name=namespace,
            resource_group_name=self._group,
            rights=rights,
            opts=self._options,
        )
        self._made.append(rule)
        keys = hubs.list_event_hub_keys_output(
            authorization_rule_name=rule.name,
            event_hub_name=hub,
            namespace_name=namespace,
            resource_group_name=self._group,
            opts=pulumi.InvokeOutputOptions(parent=self._options.parent, provider=self._options.provider),
        )
        primary = self._config.access_key == "primary"
        return pulumi.Output.secret(
            keys.apply(
                lambda found: _string(found.primary_connection_string if primary else found.secondary_connection_string)
            )
        )

    def _fitted(self, limit: int, part: str = "") -> str:
        return names.fitted(limit, self._home, part)


def _string(text: str | None) -> str:
    return text or ""


def _encryption(config: EventHubsConfig) -> dict[str, Any]:
    key = config.kms_key
    assert key
    return {
        "key_source": "Microsoft.KeyVault",
        "key_vault_properties": [
            {
                "key_name": key.key_name,
                "key_vault_uri": key.vault_uri,
                "key_version": key.key_version or "",
                "identity": {"user_assigned_identity": key.identity},
            }
        ],
    }
