import json
from typing import Any

import pytest

from k8s_audit.config.platforms.aks import AksPlatform
from k8s_audit.config.stack import load_stack
from k8s_audit.errors import ConfigError

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
HUB_SUBSCRIPTION = "00000000-0000-4000-8000-000000000002"
CENTRAL = {"namespace": "audit-central", "subscriptionId": HUB_SUBSCRIPTION, "resourceGroup": "audit", "hub": "events"}


def stack(settings: dict[str, Any], **more: str) -> dict[str, str]:
    receiver = {"kind": "http", "name": "siem", "url": "https://siem.example/audit"}
    needed = {"kind": "aks", "subscriptionId": SUBSCRIPTION, "resourceGroup": "prod"}
    return {
        "audit:cluster": '{"name": "prod-1", "kubeconfig": "/k"}',
        "audit:platform": json.dumps(needed | settings),
        "audit:receivers": json.dumps([receiver]),
    } | {f"audit:{key}": value for key, value in more.items()}


def platform(settings: dict[str, Any]) -> AksPlatform:
    loaded = load_stack(stack(settings)).platform
    assert isinstance(loaded, AksPlatform)
    return loaded


def test_by_default_all_events_go_to_four_partitions_for_a_day() -> None:
    made = platform({})
    assert made.category == "kube-audit"
    assert (made.event_hubs.partitions, made.event_hubs.retention_days) == (4, 1)
    assert made.event_hubs.sender_rights == "send"


@pytest.mark.parametrize("category", ["kube-audit", "kube-audit-admin"])
def test_either_category_is_taken(category: str) -> None:
    assert platform({"category": category}).category == category


@pytest.mark.parametrize(
    ("hubs", "most"),
    [
        ({}, 4),
        ({"capacity": 8}, 0),
        ({"capacity": 2, "maximumThroughputUnits": 20}, 20),
        ({"capacity": 2, "maximumThroughputUnits": 2}, 0),
        ({"sku": "premium"}, None),
    ],
)
def test_a_standard_namespace_grows_unless_told_not_to(hubs: dict[str, Any], most: int | None) -> None:
    assert platform({"eventHubs": hubs}).event_hubs.most_throughput() == most


def test_a_fleet_shares_a_hub_of_another_subscription() -> None:
    existing = platform({"eventHubs": {"existing": CENTRAL | {"senderRule": "monitor"}}}).event_hubs.existing
    assert existing is not None
    assert existing.subscription_id == HUB_SUBSCRIPTION


KEY = {
    "vaultUri": "https://audit.vault.azure.net",
    "keyName": "hubs",
    "identity": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/prod/providers/Microsoft.ManagedIdentity/userAssignedIdentities/a",
}
VNET = {"networkSecurityGroup": "nodes", "sourceRange": "10.226.0.0/28"}


@pytest.mark.parametrize(
    ("settings", "more", "said"),
    [
        ({"subscriptionId": "prod"}, {}, "audit:platform.subscriptionId: String should match pattern"),
        ({"resourceGroup": "prod."}, {}, "audit:platform.resourceGroup: String should match pattern"),
        ({"clusterName": "a" * 64}, {}, "audit:platform.clusterName: String should match pattern"),
        (
            {"category": ["kube-audit", "kube-audit-admin"]},
            {},
            "audit:platform.category: one category, kube-audit or kube-audit-admin: with both, each event",
        ),
        ({"category": "audit"}, {}, "audit:platform.category: Input should be 'kube-audit' or 'kube-audit-admin'"),
        ({"categories": ["kube-audit"]}, {}, "audit:platform.categories: unknown key; one alone: category"),
        ({"location": "westeurope"}, {}, "audit:platform.location: unknown key; it is looked up: the cluster's"),
        ({"forwarder": "sysdig"}, {}, "audit:platform.forwarder: unknown key; it is a key of its own: audit:forwarder"),
        ({"diagnosticSettingName": "a/b"}, {}, "audit:platform.diagnosticSettingName: String should match pattern"),
        ({"eventHubs": {"sku": "basic"}}, {}, "audit:platform.eventHubs.sku: Input should be 'standard' or 'premium'"),
        ({"eventHubs": {"namespace": "hubs"}}, {}, "audit:platform.eventHubs.namespace: String should match pattern"),
        (
            {"eventHubs": {"partitions": 33}},
            {},
            "audit:platform.eventHubs: partitions: 33 is too much; sku standard allows 32",
        ),
        (
            {"eventHubs": {"retentionDays": 8}},
            {},
            "audit:platform.eventHubs: retentionDays: 8 is too much; sku standard allows 7",
        ),
        (
            {"eventHubs": {"capacity": 4, "maximumThroughputUnits": 2}},
            {},
            "audit:platform.eventHubs: maximumThroughputUnits is less than capacity",
        ),
        (
            {"eventHubs": {"sku": "premium", "capacity": 3}},
            {},
            "audit:platform.eventHubs: capacity: a premium namespace has one of 1, 2, 4,",
        ),
        ({"eventHubs": {"kmsKey": KEY}}, {}, "audit:platform.eventHubs: kmsKey needs sku: premium"),
        (
            {"eventHubs": {"networkRules": {}}},
            {},
            "audit:platform.eventHubs.networkRules: addresses or subnets are needed",
        ),
        (
            {"eventHubs": {"networkRules": {"addresses": ["fd00::/64"]}}},
            {},
            "audit:platform.eventHubs.networkRules.addresses[0]: Event Hubs takes IPv4 addresses only",
        ),
        (
            {"eventHubs": {"existing": CENTRAL, "partitions": 8}},
            {},
            "audit:platform.eventHubs: partitions: is settled where existing was made; take it out",
        ),
        ({"receiverPorts": [5000]}, {}, "audit:platform: receiverPorts needs vnetIntegration: without it"),
        (
            {"vnetIntegration": VNET | {"sourceRange": "VirtualNetwork"}},
            {},
            "audit:platform.vnetIntegration.sourceRange: VirtualNetwork would let in far more than the API server",
        ),
        (
            {"vnetIntegration": VNET | {"priority": 99}},
            {},
            "audit:platform.vnetIntegration.priority: Input should be greater than or equal to 100",
        ),
        (
            {"hubsResourceGroup": "audit", "eventHubs": {"existing": CENTRAL}},
            {},
            "audit:platform: hubsResourceGroup is for a namespace that is made",
        ),
        ({"seed": {"storageAccount": "Prod1"}}, {}, "audit:platform.seed.storageAccount: String should match pattern"),
        ({"seed": {"container": "a--b"}}, {}, "audit:platform.seed.container: String should match pattern"),
        ({"seed": {}}, {}, "audit:platform.seed: belongs to audit:forwarder: sysdig; take it out"),
        (
            {},
            {"forwarder": '{"kind": "sysdig", "pollInterval": "5m"}'},
            "audit:forwarder.pollInterval: is for a forwarder that polls, as EKS' does; take it out",
        ),
        (
            {},
            {"policy": '{"profile": "full"}'},
            "audit:policy: the maker of a cluster of kind aks alone decides its policy",
        ),
        ({}, {"delivery": '{"kind": "webhook"}'}, "audit:delivery.kind: webhook does not fit: "),
    ],
)
def test_a_fault_is_one_line_that_names_the_key(settings: dict[str, Any], more: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_stack(stack(settings, **more))
    assert len(raised.value.faults) == 1
    assert raised.value.faults[0].startswith(said)
