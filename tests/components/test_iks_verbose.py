"""A stack of kind iks whose policy records the bodies of Secrets, as it is registered. Engine and cluster are mocked."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import mocks

from k8s_audit.config.stack import Stack, load_stack
from k8s_audit.delivery.pipeline.strip import HELD
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.iks import place
from k8s_audit.platforms.iks.component import IksAudit
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from k8s_audit.stack import compose
from tests.components.test_openshift import Openshift
from tests.delivery.forwarder.placed import Object, plain
from tests.standins.ibm_cloud import CLUSTER, KEY, IbmCloud

SIEM = {"kind": "http", "name": "siem", "url": "https://siem.example/audit", "authorization": "bearer"}
TOKEN = "plain-token-4712"
PROXIED = "https://127.0.0.1:2040/api/v1/namespaces/k8s-audit/services/https:k8s-audit-forwarder:443/proxy/"


def stack(api: str = "https://containers.example", **platform: Any) -> Stack:
    where = {"clusterId": CLUSTER, "apiEndpoint": api, "iamEndpoint": api}
    values = {
        "cluster": {"name": "prod-1", "kubeconfig": "/k"},
        "platform": {"kind": "iks", "auditPolicy": "verbose"} | where | platform,
        "receivers": [SIEM],
    }
    given = {f"audit:{key}": json.dumps(value) for key, value in values.items()}
    return load_stack(given | {"audit:receiverToken": TOKEN}, {"audit:receiverToken"})


class Iks(Openshift):
    """Remembers the order too."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, Object]:
        id, state = super().new_resource(args)
        return id, state | ({"digest": "d"} if args.typ.endswith("IksAuditWebhook") else {})


def placed(tmp_path: Path) -> dict[str, Object]:
    engine = Iks()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(engine, project="audit", stack="test", preview=False)
    pulumi.runtime.set_all_config({"audit:receiverToken": TOKEN})
    run: Callable[[], None] = mocks.test(lambda: compose(stack(), tmp_path) and None)  # type: ignore[no-untyped-call]
    run()
    return {name: plain(each) for name, each in engine.registered.items()}


def test_ibms_webhook_leads_to_a_forwarder_that_takes_the_bodies_off_and_has_what_the_receiver_asks_for(
    tmp_path: Path,
) -> None:
    made = placed(tmp_path)
    webhook = made["prod-1-webhook"]
    config = yaml.safe_load(webhook["webhook"])
    assert (webhook["auditPolicy"], config["clusters"][0]["cluster"]["server"]) == ("verbose", PROXIED)
    assert TOKEN not in str(webhook)
    order = list(made)
    assert (
        order.index("k8s-audit-forwarder-deployment") < order.index("prod-1-webhook") < order.index("prod-1-delivery")
    )
    text = made["k8s-audit-forwarder-pipeline"]["data"]["pipeline.yaml"]
    assert json.dumps(HELD) in text
    assert TOKEN not in text
    pipeline = yaml.safe_load(text)
    assert {"cert_file", "key_file"} <= pipeline["input"]["http_server"].keys()
    assert "https://siem.example/audit" in text
    assert {"tls.crt", "tls.key", "token"} <= made["k8s-audit-forwarder-files"]["data"].keys()
    proof = made["prod-1-delivery"]
    assert (proof["forwarder"], proof["proof"]) == ("k8s-audit/k8s-audit-forwarder", "forwarded")
    assert (proof["apiServers"], proof["timeout"], proof["receiver"]) == ([], "5m", "siem")
    assert proof["triggers"][0] == "d"
    assert "k8s-audit-forwarder-files" in proof["triggers"][1]


def test_only_what_comes_out_of_the_api_servers_reaches_the_forwarders_pods(tmp_path: Path) -> None:
    made = placed(tmp_path)
    pod = made["k8s-audit-forwarder-deployment"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsUser"] == 10001
    network = made["k8s-audit-forwarder-network"]["spec"]
    (sender,) = [rule["from"] for rule in network["ingress"] if rule["ports"] == [{"protocol": "TCP", "port": 8443}]]
    assert sender == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "konnectivity-agent"}},
        }
    ]


def test_a_plan_tells_of_the_way_to_the_forwarder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IBMCLOUD_API_KEY", KEY)
    monkeypatch.setattr("k8s_audit.platforms.iks.proxy.client_certificate", lambda kubeconfig: ("C", "K"))
    siem = ReceiverEndpoint("siem", "https://siem.example/audit", token=TOKEN)
    with IbmCloud() as ibm:
        _, changes = place.plan(stack(ibm.url), "/k", siem, lambda key: TOKEN, print)
        assert changes == [f"set the audit webhook to {PROXIED}", "refresh the master; its API servers restart"]
        ibm.set = {"auditServer": PROXIED, "policy": "default"}
        assert place.plan(stack(ibm.url), "/k", siem, lambda key: TOKEN, print)[1]
        ibm.set["policy"] = "verbose"
        assert place.plan(stack(ibm.url), "/k", siem, lambda key: TOKEN, print)[1] == []


@pytest.mark.parametrize(
    ("policy", "more", "said"),
    [
        ("verbose", {}, "settings.auditPolicy: verbose records the bodies of Secrets; it needs a forwarder"),
        ("default", {"forwarder": "a/b"}, "forwarder: the policy default records no body"),
    ],
)
def test_the_component_has_a_forwarder_where_bodies_are_recorded_and_only_there(
    policy: str, more: dict[str, Any], said: str
) -> None:
    receiver = {"name": "siem", "url": PROXIED}
    args: Any = {"settings": {"clusterId": "c", "auditPolicy": policy}, "receiver": receiver, "kubeconfig": "/k"}
    engine = Iks()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(engine, project="audit", stack="test", preview=False)
    with pytest.raises(ConfigError, match=said):
        mocks.test(lambda: IksAudit("prod-1", args | more))()  # type: ignore[no-untyped-call]
    assert not [name for name in engine.registered if name != "prod-1"]
