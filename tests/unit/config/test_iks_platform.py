"""What a stack's file may say of an IKS cluster."""

import json
from typing import Any

import pytest

from k8s_audit.config.platforms.iks import IksPlatform
from k8s_audit.config.stack import Stack, load_stack, read_stack_file
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.iks.proxy import proxied
from k8s_audit.receivers.address import ServiceAddress
from tests.project import CHECKOUT

HTTP = {"kind": "http", "name": "siem", "url": "https://siem.example/audit"}


def judged(
    receiver: dict[str, Any] = HTTP, delivery: dict[str, Any] | None = None, forwarder: Any = None, **platform: Any
) -> Stack:
    more = {} if forwarder is None else {"audit:forwarder": json.dumps(forwarder)}
    return load_stack(
        more
        | {
            "audit:cluster": json.dumps({"name": "prod-1", "kubeconfig": "admin.conf"}),
            "audit:platform": json.dumps({"kind": "iks", "clusterId": "bk7v2prod0example"} | platform),
            "audit:receivers": json.dumps([receiver]),
            "audit:delivery": json.dumps(delivery or {}),
        }
    )


@pytest.mark.parametrize(("example", "streams"), [("iks", False), ("iks-verbose", True)])
def test_the_examples_are_stacks(example: str, streams: bool) -> None:
    stack = load_stack(*read_stack_file((CHECKOUT / "stacks" / f"Pulumi.{example}.yaml").read_text()))
    assert isinstance(stack.platform, IksPlatform)
    assert stack.streams == streams


VERBOSE = {"auditPolicy": "verbose"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (VERBOSE | {"forwarder": "none"}, "audit:forwarder: none does not fit: auditPolicy verbose records the bodies"),
        (VERBOSE | {"forwarder": "sysdig"}, "audit:forwarder: sysdig does not fit"),
        ({"forwarder": {}}, "audit:forwarder: the API servers of a cluster of kind iks send events themselves"),
        (VERBOSE | {"delivery": {"maxWait": "1s"}}, "audit:delivery.maxWait: is for API servers that send events"),
        (VERBOSE | {"delivery": {"kind": "webhook"}}, "audit:delivery.kind: webhook does not fit"),
        ({"delivery": {"kind": "stream"}}, "audit:delivery.kind: stream does not fit"),
        (VERBOSE | {"receiver": {"kind": "recorder", "name": "r"}}, "a recorder listens on this machine alone"),
    ],
)
def test_the_bodies_of_secrets_go_through_a_forwarder_of_ours_and_by_no_other_way(
    given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        judged(**given)
    assert said in str(caught.value)


def test_a_forwarder_can_give_a_receiver_what_ibm_has_no_field_for() -> None:
    receiver = {"kind": "http", "name": "siem", "url": "https://siem.example/", "tlsServerName": "siem.example"}
    assert judged(receiver, auditPolicy="verbose", forwarder={"filters": [{"verbs": ["get"]}]}).streams


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"clusterId": "a/b"}, "audit:platform.clusterId"),
        ({"auditPolicy": "all"}, "audit:platform.auditPolicy"),
        ({"apiEndpoint": "http://containers.example"}, "an https:// URL without query or credentials is needed"),
        ({"iamEndpoint": "https://key@iam.example"}, "an https:// URL without query or credentials is needed"),
        ({"delivery": {"maxWait": "1s"}}, "audit:delivery.maxWait: IBM alone sets the flags of its API servers"),
        ({"receiver": {"kind": "recorder", "name": "r"}}, "a recorder listens on this machine alone"),
        (
            {"receiver": HTTP | {"authorization": "bearer"}},
            "audit:receivers[0].authorization: IBM's audit webhook has no field for it",
        ),
        (
            {"receiver": HTTP | {"tlsServerName": "a.example"}},
            "audit:receivers[0].tlsServerName: IBM's audit webhook has",
        ),
    ],
)
def test_what_ibm_cannot_do_is_said_before_anything_is_asked(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        judged(**given)
    assert said in str(caught.value)


def test_a_receiver_in_the_cluster_is_reached_through_the_api_servers_proxy() -> None:
    plain = ServiceAddress("sysdig-agent", "sysdig-agent", 7765, "/k8s_audit")
    assert proxied(plain) == (
        "https://127.0.0.1:2040/api/v1/namespaces/sysdig-agent/services/http:sysdig-agent:7765/proxy/k8s_audit"
    )
    tls = ServiceAddress("falco", "falco-webhook", 9765, "/k8s-audit", tls=True)
    assert proxied(tls).endswith("/services/https:falco-webhook:9765/proxy/k8s-audit")
