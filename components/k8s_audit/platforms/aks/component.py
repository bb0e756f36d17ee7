"""AksAudit: from a cluster of Microsoft's, which the stack need not own, to a hub that a forwarder may read.

Cluster → diagnostic setting → Event Hubs, with a rule for each who writes or reads. The setting comes last, when its way out is there.
It places nothing in the cluster.
"""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.aks import AksPlatform
from k8s_audit.errors import CloudError, ConfigError
from k8s_audit.faults import shown
from k8s_audit.platforms.aks import names
from k8s_audit.platforms.aks.hubs import BENTO, NONE, SYSDIG, Hubs, Placing
from k8s_audit.platforms.aks.sdk import Cluster, cluster, diagnostic_setting, namespace_location, same_region, sdk

FORWARDERS = (BENTO, SYSDIG, NONE)
COMPUTED = ["metrics", "logAnalyticsDestinationType"]
"""What Azure adds to a setting by itself: https://github.com/hashicorp/terraform-provider-azurerm/issues/17172"""


class AksAuditArgs(TypedDict):
    """Arguments of AksAudit."""

    cluster: str
    """The cluster's name."""
    settings: dict[str, Any]
    """As `audit:platform` of a stack's file, without `kind`: subscriptionId, resourceGroup, category, eventHubs, …"""
    events: NotRequired[bool]
    """Whether audit events are wanted; false: only `receiverPorts` are let in; default: true."""
    receiver_ports: NotRequired[list[int]]
    """TCP ports on the nodes that the API server's webhooks call, where settings has none; default: none."""
    event_hubs_provider: NotRequired[Any]
    """An Azure provider for the subscription of `eventHubs.existing`, where that is another than the cluster's."""
    forwarder: NotRequired[str]
    """Who reads the hub: `bento`, our forwarder; `sysdig`, the seed's; `none`, that of another stack. Default: `bento`."""


class AksAudit(pulumi.ComponentResource):
    """The audit log of a cluster of Microsoft's, led into a hub of Event Hubs.

    The Azure provider that it is given makes all of it, in the cluster's subscription. `destroy` takes all of it back; what existed stays.
    """

    cluster_endpoint: pulumi.Output[str]
    """The API server's URL."""
    location: pulumi.Output[str]
    """The cluster's region."""
    namespace: pulumi.Output[str]
    """The namespace of Event Hubs; empty without events."""
    hub: pulumi.Output[str]
    """The hub of the events; empty without events."""
    broker: pulumi.Output[str]
    """Where the namespace speaks Kafka; empty without events."""
    connection_string: pulumi.Output[str]
    """With which a forwarder reads the hub; a secret; empty where another stack's forwarder reads."""
    dead_letter_hub: pulumi.Output[str]
    """The hub of what could not be delivered; empty where another stack's forwarder reads."""
    dead_letter_connection_string: pulumi.Output[str]
    """With which a forwarder writes to that; a secret; likewise."""

    def __init__(self, name: str, args: AksAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register all of it.

        Args:
            name: the component's name.
            args: see AksAuditArgs.
            opts: Pulumi's; an Azure provider in it reaches every child.

        Raises:
            ConfigError: the settings have faults.
            ToolError: the extra `azure` is not installed.
            CloudError: the cluster, or the namespace that should exist, is not there, not fit, or may not be read.
        """
        super().__init__("k8s-audit:index:AksAudit", name, {}, opts)
        self._name, self._cluster = name, args["cluster"]
        self._settings = judge(AksPlatform, "settings", {"kind": "aks", **args["settings"]})
        self._home = names.Home(self._settings.subscription_id, self._settings.resource_group, self._cluster)
        self._options = pulumi.ResourceOptions(parent=self)
        self._hubs_provider = args.get("event_hubs_provider")
        forwarder = args.get("forwarder", BENTO)
        if forwarder not in FORWARDERS:
            raise ConfigError([f"forwarder: unknown; given: {shown(forwarder)}; allowed: {', '.join(FORWARDERS)}"])
        found = cluster(self._cluster, self._settings.resource_group, pulumi.InvokeOptions(parent=self))
        nothing = pulumi.Output.from_input("")
        self.cluster_endpoint = pulumi.Output.from_input(found.endpoint)
        self.location, self.region = pulumi.Output.from_input(found.location), found.location
        self.namespace = self.hub = self.broker = self.connection_string = nothing
        self.dead_letter_hub = self.dead_letter_connection_string = nothing
        ports = self._settings.receiver_ports
        wanted = args.get("receiver_ports", []) if ports is None else ports
        self._judge(found)
        if args.get("events", True):
            self._events(found, forwarder)
        self._admit([int(port) for port in wanted])
        self.register_outputs(
            {
                "clusterEndpoint": self.cluster_endpoint,
                "location": self.location,
                "namespace": self.namespace,
                "hub": self.hub,
                "broker": self.broker,
                "connectionString": self.connection_string,
                "deadLetterHub": self.dead_letter_hub,
                "deadLetterConnectionString": self.dead_letter_connection_string,
            }
        )

    def _judge(self, found: Cluster) -> None:
        """What only shows when the cluster, and the namespace that should exist, have been looked up."""
        if self._settings.vnet_integration and not found.vnet_integration:
            raise CloudError(
                f"cluster {self._cluster}: it has no API Server VNet Integration; its API server comes through konnectivity's"
                " agents, so take vnetIntegration out and let them in by a receiver's `admit: [konnectivity]`"
            )
        existing = self._settings.event_hubs.existing
        if not existing:
            return
        if self._settings.central_subscription and self._hubs_provider is None:
            raise ConfigError(
                [
                    f"eventHubsProvider: missing; the namespace is in subscription {existing.subscription_id}, another than the cluster's"
                ]
            )
        group = existing.resource_group or self._settings.resource_group
        asking = pulumi.InvokeOptions(parent=self, provider=self._hubs_provider)
        location = namespace_location(existing.namespace, group, asking)
        if not same_region(location, found.location):
            raise CloudError(
                f"Event Hubs namespace {existing.namespace} is in {location}, and cluster {self._cluster} in {found.location};"
                " Azure Monitor writes within a region only"
            )

    def _events(self, found: Cluster, forwarder: str) -> None:
        options = self._options
        if self._hubs_provider is not None:
            options = pulumi.ResourceOptions(parent=self, provider=self._hubs_provider)
        hubs = Placing(self._name, self._home, self._settings, found.location, options).place(forwarder)
        self._setting(found, hubs)
        nothing = pulumi.Output.from_input("")
        environment = self._settings.environment
        self.namespace, self.hub = hubs.namespace, hubs.hub
        self.broker = hubs.namespace.apply(lambda name: names.broker(name, environment))
        self.connection_string = hubs.connection or nothing
        self.dead_letter_hub = hubs.dead_letters or nothing
        self.dead_letter_connection_string = hubs.dead_letter_connection or nothing

    def _setting(self, found: Cluster, hubs: Hubs) -> None:
        """Azure returns the categories that are off too; only the one that is on is sent, or each preview would show a difference."""
        diagnostic_setting(
            f"{self._name}-setting",
            {
                "name": self._settings.diagnostic_setting_name,
                "resourceUri": found.id,
                "eventHubAuthorizationRuleId": hubs.sender_rule,
                "eventHubName": hubs.hub,
                "logs": [{"category": self._settings.category, "enabled": True}],
            },
            pulumi.ResourceOptions(
                parent=self,
                depends_on=hubs.resources,
                ignore_changes=COMPUTED,
                delete_before_replace=True,  # Azure refuses a second setting with this category and hub
            ),
        )

    def _admit(self, ports: list[int]) -> None:
        """The API server's webhook calls come from its subnet, where it has one."""
        integration = self._settings.vnet_integration
        if integration is None or not ports:
            return
        sdk("network").SecurityRule(
            f"{self._name}-webhooks",
            security_rule_name=names.fitted(names.SECURITY_RULE, self._home, "webhooks"),
            network_security_group_name=integration.network_security_group,
            resource_group_name=integration.resource_group or self._settings.resource_group,
            description=f"the API server of {self._cluster} calls webhooks",
            priority=integration.priority,
            direction="Inbound",
            access="Allow",
            protocol="Tcp",
            source_address_prefix=integration.source_range,
            source_port_range="*",
            destination_address_prefix="*",
            destination_port_ranges=[str(port) for port in ports],
            opts=self._options,
        )
