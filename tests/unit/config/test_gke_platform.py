import json
from typing import Any

import pytest

from k8s_audit.config.platforms.gke import GkePlatform
from k8s_audit.config.stack import load_stack
from k8s_audit.errors import ConfigError

TOPIC = "projects/security/topics/k8s-audit"
KEY = "projects/p/locations/europe-west1/keyRings/ring/cryptoKeys/audit"


def stack(settings: dict[str, Any], **more: str) -> dict[str, str]:
    receiver = {"kind": "http", "name": "siem", "url": "https://siem.example/audit"}
    platform = {"kind": "gke", "project": "payments-prod", "location": "europe-west1"} | settings
    return {
        "audit:cluster": '{"name": "prod-1", "kubeconfig": "/k"}',
        "audit:platform": json.dumps(platform),
        "audit:receivers": json.dumps([receiver]),
    } | {f"audit:{key}": value for key, value in more.items()}


def platform(settings: dict[str, Any]) -> GkePlatform:
    loaded = load_stack(stack(settings)).platform
    assert isinstance(loaded, GkePlatform)
    return loaded


def test_by_default_all_is_logged_and_messages_wait_a_week() -> None:
    config = platform({})
    assert config.data_access.log_types == ["ADMIN_READ", "DATA_READ", "DATA_WRITE"]
    assert config.pubsub.retention_days == 7
    assert config.identity == "workload-identity"


def test_data_access_can_be_left_as_it_is_and_stays_so_on_its_way_to_the_component() -> None:
    config = platform({"dataAccess": False})
    assert config.data_access.log_types == []
    handed_on = config.model_dump(by_alias=True, exclude_none=True, exclude_unset=True)
    assert GkePlatform.model_validate(handed_on).data_access.log_types == []


@pytest.mark.parametrize(
    "settings",
    [
        {"location": "europe-west1-b"},
        {"project": "example.com:payments"},
        {"pubsub": {"kmsKey": KEY, "regions": ["europe-west1"], "topicRetentionDays": 2, "shared": True}},
        {"dataAccess": {"logTypes": ["DATA_READ"], "exemptedMembers": ["serviceAccount:a@b.iam.gserviceaccount.com"]}},
        {"receiverPorts": [5000], "firewall": {"controlPlaneRanges": ["172.16.0.0/28"], "nodeTags": ["prod-node"]}},
        {"credentials": "~/key.json", "impersonateServiceAccount": "audit@payments-prod.iam.gserviceaccount.com"},
    ],
)
def test_what_is_allowed(settings: dict[str, Any]) -> None:
    platform(settings)


def test_a_cluster_of_a_fleet_needs_no_receiver() -> None:
    loaded = load_stack(stack({"pubsub": {"topic": TOPIC}}, forwarder="none", receivers="[]"))
    assert loaded.receivers == []


@pytest.mark.parametrize(
    ("settings", "more", "said"),
    [
        ({"project": "123456789012"}, {}, "audit:platform.project: String should match pattern"),
        ({"location": "Frankfurt"}, {}, "audit:platform.location: String should match pattern"),
        (
            {"region": "europe-west1"},
            {},
            "audit:platform.region: unknown key; location is the cluster's region or zone",
        ),
        ({"clusterName": "Prod"}, {}, "audit:platform.clusterName: String should match pattern"),
        ({"clusterName": "a" * 41}, {}, "audit:platform.clusterName: String should match pattern"),
        ({"dataAccess": {"logTypes": ["ADMIN_WRITE"]}}, {}, "audit:platform.dataAccess.logTypes[0]: Input should be"),
        (
            {"dataAccess": {"logTypes": ["DATA_READ", "DATA_READ"]}},
            {},
            "audit:platform.dataAccess: logTypes names one twice",
        ),
        (
            {"dataAccess": {"exemptedMembers": ["a@b.c"]}},
            {},
            "audit:platform.dataAccess.exemptedMembers[0]: String should match pattern",
        ),
        ({"dataAccess": True}, {}, "audit:platform.dataAccess: Input should be a valid dictionary"),
        (
            {"pubsub": {"retentionDays": 32}},
            {},
            "audit:platform.pubsub.retentionDays: Input should be less than or equal to 31",
        ),
        (
            {"pubsub": {"maxDeliveryAttempts": 4}},
            {},
            "audit:platform.pubsub.maxDeliveryAttempts: Input should be greater than or equal to 5",
        ),
        ({"namespace": "x"}, {}, "audit:platform.namespace: unknown key; audit:forwarder.namespace says where"),
        ({"pubsub": {"topic": TOPIC}}, {}, "audit:platform.pubsub.topic: is another stack's, whose forwarder brings"),
        (
            {},
            {"forwarder": "none", "receivers": "[]"},
            "audit:platform.pubsub.topic: missing; audit:forwarder is none",
        ),
        (
            {"dataAccess": False},
            {"forwarder": "sysdig"},
            "audit:platform.dataAccess: the forwarder sysdig polls the activity log by a key; take it out",
        ),
        (
            {"pubsub": {"topic": TOPIC, "kmsKey": KEY}},
            {},
            "audit:platform.pubsub: topic is another stack's, which alone says its kmsKey",
        ),
        ({"pubsub": {"kmsKey": "audit"}}, {}, "audit:platform.pubsub.kmsKey: String should match pattern"),
        ({"pubsub": {"topic": "k8s-audit"}}, {}, "audit:platform.pubsub.topic: String should match pattern"),
        (
            {"firewall": {"controlPlaneRanges": ["0.0.0.0/0"]}},
            {},
            "audit:platform.firewall.controlPlaneRanges[0]: 0.0.0.0/0 is everybody",
        ),
        (
            {"firewall": {"controlPlaneRanges": ["here"]}},
            {},
            "audit:platform.firewall.controlPlaneRanges[0]: a CIDR is needed",
        ),
        ({"receiverPorts": [0]}, {}, "audit:platform.receiverPorts[0]: Input should be greater than or equal to 1"),
        ({"receiverPorts": [5000, 5000]}, {}, "audit:platform: receiverPorts names one twice"),
        ({"labels": {"Team": "x"}}, {}, "audit:platform.labels.Team: String should match pattern"),
        ({"identity": "key"}, {}, "audit:platform.identity: Input should be 'workload-identity' or 'service-account'"),
        (
            {"impersonateServiceAccount": "a@example.com"},
            {},
            "audit:platform.impersonateServiceAccount: String should match pattern",
        ),
        (
            {},
            {"policy": '{"profile": "full"}'},
            "audit:policy: the maker of a cluster of kind gke alone decides its policy",
        ),
        ({}, {"delivery": '{"kind": "webhook"}'}, "audit:delivery.kind: webhook does not fit: "),
    ],
)
def test_a_fault_is_one_line_that_names_the_key(settings: dict[str, Any], more: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_stack(stack(settings, **more))
    assert len(raised.value.faults) == 1
    assert raised.value.faults[0].startswith(said)


def test_credentials_that_were_pasted_in_are_refused_and_not_shown() -> None:
    with pytest.raises(ConfigError) as raised:
        load_stack(stack({"credentials": '{"private_key": "PEM-4711"}'}))
    (fault,) = raised.value.faults
    assert fault.startswith("audit:platform.credentials: the path of a file is needed")
    assert "4711" not in str(raised.value)
