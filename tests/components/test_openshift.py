"""A stack of kind openshift as it is registered: forwarder, collector, profile, proof. Engine and cluster are mocked."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import mocks

from k8s_audit.config.stack import load_stack
from k8s_audit.stack import compose
from tests.delivery.forwarder.placed import SECRET, Engine, Object, plain

SIEM = {"kind": "http", "name": "siem", "url": "https://siem.example/audit"}
AUTHORITY, KEY = "-----PEM of the authority", "plain-key-4711"


class Openshift(Engine):
    """Remembers types too, and makes certificates."""

    def __init__(self) -> None:
        super().__init__()
        self.types: dict[str, str] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, Object]:
        id, state = super().new_resource(args)
        self.types[args.name] = args.typ
        if args.typ.endswith("ReceiverCertificate"):
            state |= {"ca": AUTHORITY, "certificate": "-----C", "key": {SECRET: SECRET_MARK, "value": KEY}}
        if args.typ.endswith("DeliveryCheck"):
            state["checks"] = []
        return id, state


SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"


def placed(tmp_path: Path, receivers: Any = (SIEM,), **platform: Any) -> dict[str, Object]:
    values = {
        "cluster": {"name": "prod-1", "kubeconfig": "/k"},
        "platform": {"kind": "openshift", **platform},
        "receivers": receivers,
    }
    stack = load_stack({f"audit:{key}": json.dumps(value) for key, value in values.items()})
    engine = Openshift()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(engine, project="audit", stack="test", preview=False)
    run: Callable[[], None] = mocks.test(lambda: compose(stack, tmp_path) and None)  # type: ignore[no-untyped-call]
    run()
    assert SECRET not in str(engine.registered["k8s-audit-forwarder-deployment"])
    return {name: plain(each) | {"type": engine.types[name]} for name, each in engine.registered.items()}


def test_the_collector_is_sent_to_the_forwarders_service_and_may_read_audit_logs_alone(tmp_path: Path) -> None:
    made = placed(tmp_path)
    collector, account = made["prod-1-collector"], made["prod-1-account"]
    assert (collector["apiVersion"], collector["kind"]) == ("observability.openshift.io/v1", "ClusterLogForwarder")
    assert collector["metadata"]["namespace"] == account["metadata"]["namespace"] == "openshift-logging"
    assert collector["spec"]["serviceAccount"] == {"name": account["metadata"]["name"]} == {"name": "k8s-audit"}
    assert collector["spec"]["inputs"] == [{"name": "kube-api", "type": "audit", "audit": {"sources": ["kubeAPI"]}}]
    (output,) = collector["spec"]["outputs"]
    service = made["k8s-audit-forwarder-records"]
    assert output["http"]["url"] == "https://k8s-audit-forwarder.k8s-audit.svc/"
    assert (service["metadata"]["name"], service["metadata"]["namespace"]) == ("k8s-audit-forwarder", "k8s-audit")
    assert made["prod-1-certificate"]["names"][0] == "k8s-audit-forwarder.k8s-audit.svc"
    assert output["tls"]["ca"]["secretName"] == made["prod-1-authority"]["metadata"]["name"]
    assert made["prod-1-authority"]["stringData"] == {"ca-bundle.crt": AUTHORITY}
    rights = made["prod-1-rights"]
    assert rights["roleRef"]["name"] == "collect-audit-logs"
    assert rights["subjects"] == [{"kind": "ServiceAccount", "name": "k8s-audit", "namespace": "openshift-logging"}]
    assert "prod-1-profile" not in made


def test_the_pods_take_records_from_the_collectors_namespace_alone_and_name_no_user(tmp_path: Path) -> None:
    made = placed(tmp_path, loggingNamespace="logging")
    pod = made["k8s-audit-forwarder-deployment"]["spec"]["template"]["spec"]
    assert pod["securityContext"] == {"runAsNonRoot": True}
    ports = {each["name"]: each["containerPort"] for each in pod["containers"][0]["ports"]}
    assert ports == {"metrics": 4195, "records": 8443}
    (service,) = made["k8s-audit-forwarder-records"]["spec"]["ports"]
    assert (service["port"], service["targetPort"]) == (443, "records")
    text = yaml.safe_load(made["k8s-audit-forwarder-pipeline"]["data"]["pipeline.yaml"])
    listening = text["input"]["http_server"]
    assert listening["address"] == "0.0.0.0:8443"
    held = made["k8s-audit-forwarder-files"]["data"]
    for key in ("cert_file", "key_file"):
        assert listening[key].rpartition("/")[2] in held
    network = made["k8s-audit-forwarder-network"]["spec"]
    senders = [rule["from"] for rule in network["ingress"] if rule["ports"] == [{"protocol": "TCP", "port": 8443}]]
    assert senders == [[{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "logging"}}}]]
    out = [rule for rule in network["egress"] if "to" in rule]
    assert {port["port"] for rule in out for port in rule["ports"]} == {443}
    (dns,) = [rule for rule in network["egress"] if "to" not in rule]
    assert {port["port"] for port in dns["ports"]} == {53, 5353}


def test_logging_5_has_its_own_shape_and_the_profile_is_set_last(tmp_path: Path) -> None:
    rules = [{"group": "system:nodes", "profile": "Default"}]
    made = placed(tmp_path, logging=5, profile="WriteRequestBodies", customRules=rules, rollTimeout="20m")
    collector = made["prod-1-collector"]
    assert collector["apiVersion"] == "logging.openshift.io/v1"
    assert collector["spec"]["serviceAccountName"] == "k8s-audit"
    assert collector["spec"]["outputs"][0]["secret"]["name"] == made["prod-1-authority"]["metadata"]["name"]
    profile = made["prod-1-profile"]
    assert (profile["profile"], profile["customRules"], profile["timeout"]) == ("WriteRequestBodies", rules, "20m")
    assert list(made).index("prod-1-profile") > list(made).index("prod-1-collector")


@pytest.mark.parametrize("logging", [5, 6])
def test_no_secret_lies_in_what_is_public(logging: int, tmp_path: Path) -> None:
    made = placed(tmp_path, logging=logging)
    assert {name for name, each in made.items() if KEY in str(each)} <= {"prod-1-certificate"}
