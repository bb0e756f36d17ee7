import json
from typing import Any

import pytest

from k8s_audit.config.platforms.eks import EksPlatform
from k8s_audit.config.stack import load_stack
from k8s_audit.errors import ConfigError

STREAM = "arn:aws:kinesis:eu-west-1:999999999999:stream/events"
DESTINATION = "arn:aws:logs:eu-west-1:999999999999:destination:events"
ROLE = "arn:aws:iam::999999999999:role/reader"


def stack(settings: dict[str, Any], **more: str) -> dict[str, str]:
    receiver = {"kind": "http", "name": "siem", "url": "https://siem.example/audit"}
    return {
        "audit:cluster": '{"name": "prod-1", "kubeconfig": "/k"}',
        "audit:platform": json.dumps({"kind": "eks", "region": "eu-west-1"} | settings),
        "audit:receivers": json.dumps([receiver]),
    } | {f"audit:{key}": value for key, value in more.items()}


def test_the_stream_is_its_natural_delivery() -> None:
    loaded = load_stack(stack({}))
    assert isinstance(loaded.platform, EksPlatform)
    assert loaded.delivery.kind is None, "the natural one"
    assert loaded.platform.log_types == ["audit"]


@pytest.mark.parametrize(
    ("platform", "more", "said"),
    [
        ({"region": "Ireland"}, {}, "audit:platform.region: String should match pattern"),
        (
            {"retentionDays": 31},
            {},
            "audit:platform.retentionDays: CloudWatch Logs keeps events for 0 (for ever) or one of 1,",
        ),
        ({"accountId": "12"}, {}, "audit:platform.accountId: String should match pattern"),
        ({"accountId": 123456789012}, {}, "audit:platform.accountId: Input should be a valid string"),
        ({"kmsKey": "alias/logs"}, {}, "audit:platform.kmsKey: String should match pattern"),
        ({"stream": {"shards": 2}}, {}, "audit:platform.stream: shards and mode: provisioned belong together"),
        (
            {"stream": {"mode": "provisioned"}},
            {},
            "audit:platform.stream: shards and mode: provisioned belong together",
        ),
        (
            {"stream": {"retentionHours": 12}},
            {},
            "audit:platform.stream.retentionHours: Input should be greater than or equal to 24",
        ),
        ({"logTypes": ["api"]}, {}, "audit:platform: logTypes without audit sends nothing"),
        ({"logTypes": ["audits"]}, {}, "audit:platform.logTypes[0]: Input should be 'api', 'audit'"),
        ({"externalId": "xyz"}, {}, "audit:platform: externalId belongs to roleArn"),
        ({"receiverPorts": [5000]}, {}, "audit:platform: receiverPorts needs nodeSecurityGroup"),
        (
            {"privateEndpoints": {"subnetIds": [], "routeTableIds": ["rtb-0a0a0a0a"]}},
            {},
            "audit:platform.privateEndpoints.subnetIds: List should have at least 1",
        ),
        ({"forwarder": "sysdig"}, {}, "audit:platform.forwarder: unknown key; audit:forwarder is a key of its own"),
        ({"namespace": "x"}, {}, "audit:platform.namespace: unknown key; audit:forwarder.namespace"),
        ({"identity": "keys"}, {}, "audit:platform.identity: Input should be 'pod-identity' or 'irsa'"),
        (
            {"stream": {"existing": {}}},
            {},
            "audit:platform.stream.existing: arn or destination is needed",
        ),
        (
            {"stream": {"existing": {"arn": STREAM, "table": "places"}, "shards": 2, "mode": "provisioned"}},
            {},
            "audit:platform.stream: existing: mode, shards is the business of the stack that made the stream",
        ),
        (
            {"stream": {"existing": {"destination": DESTINATION, "roleArn": ROLE}}},
            {},
            "audit:platform.stream.existing: table and roleArn are for a forwarder, which needs arn",
        ),
        (
            {"stream": {"existing": {"arn": STREAM.replace("eu-west-1", "us-east-1"), "table": "places"}}},
            {},
            "audit:platform: stream.existing: a log group's filter reaches its own region alone, eu-west-1",
        ),
        (
            {"stream": {"existing": {"destination": DESTINATION}}},
            {},
            "audit:platform.stream.existing: the forwarder of this stack needs arn and table to read; or audit:forwarder",
        ),
        (
            {"stream": {"existing": {"arn": STREAM, "table": "places"}}},
            {"forwarder": "none", "receivers": "[]"},
            "audit:platform.stream.existing: table: for a forwarder, and audit:forwarder is none",
        ),
        ({"stream": {"fromAccounts": ["12"]}}, {}, "audit:platform.stream.fromAccounts[0]: String should match"),
        ({}, {"forwarder": "sysdig"}, "audit:platform.identity: the forwarder sysdig knows irsa alone"),
        (
            {"identity": "irsa", "stream": {"retentionHours": 48}},
            {"forwarder": "sysdig"},
            "audit:platform.stream: the forwarder sysdig reads the log group itself",
        ),
        (
            {},
            {"policy": '{"profile": "full"}'},
            "audit:policy: the maker of a cluster of kind eks alone decides its policy",
        ),
        (
            {},
            {"delivery": '{"kind": "webhook"}'},
            "audit:delivery.kind: webhook does not fit: ",
        ),
        (
            {},
            {"delivery": '{"maxWait": "1s"}'},
            "audit:delivery.maxWait: is for API servers that send events themselves",
        ),
    ],
)
def test_a_fault_is_one_line_that_names_the_key(platform: dict[str, Any], more: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_stack(stack(platform, **more))
    assert len(raised.value.faults) == 1
    assert raised.value.faults[0].startswith(said)


def test_a_stream_is_refused_where_the_api_server_is_ours() -> None:
    host = '{"kind": "kubeadm", "hosts": [{"access": "local", "apiServer": "https://10.0.0.1:6443"}]}'
    given = stack({}, platform=host, cluster='{"name": "a", "kubeconfig": "/k"}', delivery='{"kind": "stream"}')
    with pytest.raises(ConfigError) as raised:
        load_stack(given)
    (fault,) = raised.value.faults
    assert fault.startswith("audit:delivery.kind: stream does not fit: ")
    assert fault.endswith("platform kubeadm; allowed: webhook, or leave it out")
