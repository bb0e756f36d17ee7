"""What an AKS cluster's components register: inputs, rights, secrets. Engine, Azure and cluster are mocked."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from k8s_audit.config.forwarder_kinds import SysdigForwarder
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.aks import AksPlatform
from k8s_audit.errors import CloudError, ConfigError
from k8s_audit.platforms.aks.component import AksAudit
from k8s_audit.platforms.aks.seed_forwarder import AksSeedForwarder
from k8s_audit.platforms.seed_receiver import missing_of
from tests.delivery.forwarder.placed import SECRET, encoded, plain

SUBSCRIPTION, OTHER = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/prod/providers/Microsoft.ContainerService/managedClusters/prod-1"
READER_STRING, WRITER_STRING, STORAGE_KEY = "reader-string-4711", "writer-string-4711", "storage-key-4711"
SETTINGS = {"subscriptionId": SUBSCRIPTION, "resourceGroup": "prod"}
NSG = {"networkSecurityGroup": "nodes", "sourceRange": "10.226.0.0/28"}
Object = dict[str, Any]


class Azure(mocks.Mocks):
    """In place of engine and Azure: keeps what is registered, and of what provider."""

    def __init__(self, cluster: Object) -> None:
        self.registered: dict[str, Object] = {}
        self.providers: dict[str, str] = {}
        self.cluster: Object = {
            "id": ID,
            "fqdn": "prod-1.hcp.westeurope.azmk8s.io",
            "location": "westeurope",
            "provisioningState": "Succeeded",
            "powerState": {"code": "Running"},
            "apiServerAccessProfile": {"enableVnetIntegration": True},
        } | cluster

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, Object]:
        state = dict(args.inputs)
        named = [
            key for key in ("namespaceName", "eventHubName", "authorizationRuleName", "accountName") if key in state
        ]
        own = {"EventHub": "eventHubName", "Namespace": "namespaceName", "StorageAccount": "accountName"}
        kind = args.typ.rpartition(":")[2]
        if named:
            state["name"] = state[own.get(kind, "authorizationRuleName" if "Authorization" in kind else named[-1])]
        if args.typ.startswith("kubernetes:"):
            state["metadata"] = {"name": args.name} | state.get("metadata", {})
        self.registered[args.name] = state | {"kind": kind}
        if "identity" in state:
            state["identity"] = {"type": "UserAssigned"}
        self.providers[args.name] = args.provider or ""
        return f"{args.name}-id", state

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[Object, list[tuple[str, str]]]:
        match args.token.rpartition(":")[2]:
            case "getManagedCluster":
                return self.cluster, []
            case "getNamespace":
                return {"location": "West Europe", "sku": {"name": "Standard"}, "disableLocalAuth": False}, []
            case "listEventHubKeys":
                string = WRITER_STRING if "writer" in args.args["authorizationRuleName"] else READER_STRING
                return {"primaryConnectionString": string, "secondaryConnectionString": f"{string}-2"}, []
            case _:
                return {"keys": [{"keyName": "key1", "value": STORAGE_KEY}]}, []


def place(settings: Object | None = None, cluster: Object | None = None, **args: Any) -> tuple[Azure, Object]:
    """All that is registered, by the suffixes of its names; with the component's outputs, secret ones marked."""
    azure, outputs = Azure(cluster or {}), dict[str, Any]()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(azure, project="audit", stack="test", preview=False)

    def register() -> None:
        made = AksAudit("a", {"cluster": "prod-1", "settings": SETTINGS | (settings or {}), **args})  # type: ignore[typeddict-item]
        for key in ("connection_string", "dead_letter_connection_string", "broker", "hub", "cluster_endpoint"):
            output = getattr(made, key)
            output.apply(lambda value, key=key: outputs.__setitem__(key, value))
            outputs[f"{key} is secret"] = asyncio.ensure_future(output.is_secret())

    run: Callable[[], None] = mocks.test(register)  # type: ignore[no-untyped-call]
    run()
    azure.registered = {name.removeprefix("a-"): each for name, each in azure.registered.items()}
    return azure, {
        key: value.result() if isinstance(value, asyncio.Future) else value for key, value in outputs.items()
    }


def test_by_default_there_is_a_hub_for_events_and_one_for_dead_letters_each_with_a_rule_of_its_own() -> None:
    azure, outputs = place()
    made = azure.registered
    assert {suffix: each["kind"] for suffix, each in made.items() if suffix != "a"} == {
        "namespace": "Namespace",
        "hub": "EventHub",
        "sender": "NamespaceAuthorizationRule",
        "reader": "EventHubAuthorizationRule",
        "dead-letters": "EventHub",
        "dead-letter-writer": "EventHubAuthorizationRule",
        "setting": "DiagnosticSetting",
    }
    assert made["namespace"]["sku"] == {"name": "Standard", "tier": "Standard", "capacity": 1}
    assert (made["namespace"]["isAutoInflateEnabled"], made["namespace"]["maximumThroughputUnits"]) == (True, 4)
    assert made["namespace"]["minimumTlsVersion"] == "1.2"
    still = place({"eventHubs": {"maximumThroughputUnits": 1}})[0].registered["namespace"]
    assert (still["isAutoInflateEnabled"], still["maximumThroughputUnits"]) == (False, 0)
    assert (made["hub"]["partitionCount"], made["hub"]["retentionDescription"]["retentionTimeInHours"]) == (4, 24)
    assert made["dead-letters"]["retentionDescription"]["retentionTimeInHours"] == 168
    assert made["sender"]["rights"] == ["Send"]
    assert (made["reader"]["rights"], made["reader"]["eventHubName"]) == (["Listen"], made["hub"]["eventHubName"])
    assert made["dead-letter-writer"]["rights"] == ["Send"]
    assert (
        made["dead-letter-writer"]["eventHubName"]
        == made["dead-letters"]["eventHubName"]
        != made["hub"]["eventHubName"]
    )
    assert outputs["broker"] == f"{made['namespace']['namespaceName']}.servicebus.windows.net:9093"
    assert outputs["cluster_endpoint"] == "https://prod-1.hcp.westeurope.azmk8s.io:443"


@pytest.mark.parametrize("category", ["kube-audit", "kube-audit-admin"])
def test_the_setting_sends_one_category_to_the_hub_and_says_nothing_of_others(category: str) -> None:
    azure, _ = place({"category": category})
    setting = azure.registered["setting"]
    assert setting["logs"] == [{"category": category, "enabled": True}]
    assert setting["resourceUri"] == ID
    assert setting["eventHubAuthorizationRuleId"] == "a-sender-id"
    assert setting["eventHubName"] == azure.registered["hub"]["eventHubName"]
    assert not {"metrics", "logAnalyticsDestinationType", "workspaceId", "storageAccountId"} & setting.keys()


def test_the_strings_are_secret_and_in_no_input() -> None:
    azure, outputs = place({"eventHubs": {"accessKey": "secondary"}})
    assert outputs["connection_string"] == f"{READER_STRING}-2"
    assert outputs["dead_letter_connection_string"] == f"{WRITER_STRING}-2"
    assert outputs["connection_string is secret"]
    assert outputs["dead_letter_connection_string is secret"]
    assert not outputs["broker is secret"]
    assert "string-4711" not in json.dumps(azure.registered)


def test_all_of_a_premium_namespace() -> None:
    identity = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/p/providers/Microsoft.ManagedIdentity/userAssignedIdentities/k"
    )
    key = {"vaultUri": "https://v-1.vault.azure.net", "keyName": "hubs", "identity": identity}
    subnet = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/p/providers/Microsoft.Network/virtualNetworks/v/subnets/nodes"
    )
    rules = {"addresses": ["203.0.113.7"], "subnets": [subnet]}
    hubs = {"sku": "premium", "capacity": 2, "kmsKey": key, "networkRules": rules, "senderRights": "manage"}
    azure, _ = place({"eventHubs": hubs, "hubsResourceGroup": "audit", "tags": {"team": "security"}})
    namespace, network = azure.registered["namespace"], azure.registered["network"]
    assert namespace["resourceGroupName"] == network["resourceGroupName"] == "audit"
    assert namespace["tags"] == {"team": "security"}
    assert namespace["identity"] == {"type": "UserAssigned", "userAssignedIdentities": [identity]}
    assert namespace["encryption"]["keyVaultProperties"][0]["keyName"] == "hubs"
    assert "isAutoInflateEnabled" not in namespace
    assert network["defaultAction"] == "Deny"
    assert network["trustedServiceAccessEnabled"] is True, "or Azure Monitor is shut out"
    assert azure.registered["sender"]["rights"] == ["Send", "Listen", "Manage"]


def test_a_hub_of_a_fleet_is_used_as_it_is_and_only_this_clusters_setting_is_made() -> None:
    existing = {"namespace": "audit-central", "resourceGroup": "audit", "hub": "events", "senderRule": "monitor"}
    azure, _ = place({"eventHubs": {"existing": existing}}, forwarder="none")
    assert azure.registered.keys() - {"a"} == {"setting"}
    assert azure.registered["setting"]["eventHubName"] == "events"
    assert azure.registered["setting"]["eventHubAuthorizationRuleId"] == (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/audit/providers/Microsoft.EventHub/namespaces/audit-central"
        "/authorizationRules/monitor"
    )


def test_a_namespace_of_another_subscription_needs_its_provider() -> None:
    existing = {"namespace": "audit-central", "subscriptionId": OTHER}
    with pytest.raises(ConfigError, match=f"eventHubsProvider: missing; the namespace is in subscription {OTHER}"):
        place({"eventHubs": {"existing": existing}})


def test_the_api_servers_subnet_is_let_in_to_each_port() -> None:
    azure, _ = place({"vnetIntegration": NSG, "receiverPorts": [5000, 6443]})
    rule = azure.registered["webhooks"]
    assert rule["destinationPortRanges"] == ["5000", "6443"]
    assert (rule["sourceAddressPrefix"], rule["direction"], rule["access"], rule["protocol"]) == (
        "10.226.0.0/28",
        "Inbound",
        "Allow",
        "Tcp",
    )
    assert "webhooks" not in place({"vnetIntegration": NSG})[0].registered, "no receiver wants a port"


def test_without_events_only_the_port_is_let_in() -> None:
    azure, _ = place({"vnetIntegration": NSG}, events=False, receiver_ports=[5000.0])
    assert azure.registered.keys() - {"a"} == {"webhooks"}
    assert azure.registered["webhooks"]["destinationPortRanges"] == ["5000"]


@pytest.mark.parametrize(
    ("settings", "cluster", "said"),
    [
        ({}, {"provisioningState": "Deleting"}, "cluster prod-1 in resource group prod: its state is Deleting"),
        ({}, {"powerState": {"code": "Stopped"}}, "it is stopped; `az aks start --resource-group prod --name prod-1`"),
        ({"vnetIntegration": NSG}, {"apiServerAccessProfile": None}, "it has no API Server VNet Integration"),
        (
            {"eventHubs": {"existing": {"namespace": "audit-central"}}},
            {"location": "northeurope"},
            "Event Hubs namespace audit-central is in West Europe, and cluster prod-1 in northeurope",
        ),
    ],
)
def test_a_cluster_that_does_not_fit_is_one_message_before_anything_is_made(
    settings: Object, cluster: Object, said: str
) -> None:
    with pytest.raises(CloudError, match=re.escape(said)):
        place(settings, cluster)


def seed(**config: Any) -> dict[str, Object]:
    azure = Azure({})
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(azure, project="audit", stack="test", preview=False)

    def register() -> None:
        AksSeedForwarder(
            "s",
            {
                "config": judge(SysdigForwarder, "forwarder", {"kind": "sysdig", "createNamespace": False} | config),
                "platform": judge(AksPlatform, "platform", {"kind": "aks", **SETTINGS}),
                "cluster": "prod-1",
                "location": "westeurope",
                "hub": "insights-logs-kube-audit",
                "connection_string": pulumi.Output.secret(READER_STRING),
                "endpoint": {"name": "agent", "url": "http://sysdig-agent.sysdig-agent.svc:7765/k8s_audit"},
            },
        )

    run: Callable[[], None] = mocks.test(register)  # type: ignore[no-untyped-call]
    run()
    return {name.removeprefix("s-"): each for name, each in azure.registered.items()}


def test_the_seeds_forwarder_has_its_strings_out_of_a_secret_and_touches_no_service() -> None:
    made = seed()
    assert {each["kind"] for each in made.values()} == {
        "AksSeedForwarder",
        "StorageAccount",
        "BlobContainer",
        "Secret",
        "Deployment",
    }
    (container,) = made["deployment"]["spec"]["template"]["spec"]["containers"]
    variables = {each["name"]: each for each in container["env"]}
    assert made["deployment"]["metadata"]["name"] == "aks-audit-log-forwarder"
    assert variables["EventHubName"]["value"] == "insights-logs-kube-audit"
    assert variables["WebSinkURL"]["value"].endswith(":7765/k8s_audit")
    for key in ("EhubNamespaceConnectionString", "BlobStorageConnectionString"):
        assert variables[key]["valueFrom"]["secretKeyRef"]["name"] == made["strings"]["metadata"]["name"]
    data = plain(made["strings"])["data"]
    assert data["EhubNamespaceConnectionString"] == encoded(READER_STRING)
    assert SECRET in json.dumps(made["strings"]["data"])
    assert not [name for name, each in made.items() if name != "strings" and "4711" in json.dumps(each)]


def test_its_namespace_is_only_made_where_it_is_told_to() -> None:
    assert "namespace" not in seed()
    assert seed(namespace="audit", createNamespace=True)["namespace"]["metadata"]["name"] == "audit"


def test_what_it_cannot_give_a_receiver_is_told() -> None:
    assert missing_of({"name": "siem", "url": "https://siem.example", "token": "x", "body_limit": 9}) == ["token"]
