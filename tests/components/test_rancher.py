"""Rke2Audit, K3sAudit, Microk8sAudit and Openshift3Audit as components: what they register."""

import asyncio
from typing import Any

import pytest
from pulumi.runtime import mocks

from k8s_audit.errors import ConfigError
from k8s_audit.platforms.k3s import K3sAudit
from k8s_audit.platforms.microk8s import Microk8sAudit
from k8s_audit.platforms.openshift_3 import Openshift3Audit
from k8s_audit.platforms.rke2 import Rke2Audit
from tests.components.test_sysdig_receivers import SECRET, Engine, of_type

HOSTS: list[dict[str, Any]] = [
    {"access": "ssh", "address": f"10.0.0.1{number}", "user": "ops", "name": f"cp-{number}"} for number in (1, 2)
]


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(made, project="audit", stack="test", preview=False)
    return made


def audit(kind: type[Rke2Audit] | type[K3sAudit] | type[Microk8sAudit] | type[Openshift3Audit], **more: Any) -> None:
    receiver = {"name": "siem", "url": "https://siem.example/audit"}
    args: Any = {"hosts": HOSTS, "receiver": receiver, "kubeconfig": "/admin.conf", "ssh_private_key": "KEY"}
    mocks.test(lambda: kind("edge-1", args | more))()  # type: ignore[no-untyped-call]


def test_each_server_has_its_change_and_its_proof_and_knows_whose_turn_comes_next(engine: Engine) -> None:
    audit(Rke2Audit)
    servers, proofs = of_type(engine, "RancherServerAudit"), of_type(engine, "DeliveryCheck")
    assert [server["remaining"] for server in servers.values()] == [["cp-2"], []]
    assert [proof["apiServers"] for proof in proofs.values()] == [[f"https://10.0.0.1{n}:6443"] for n in (1, 2)]
    first = servers["edge-1-cp-1"]
    assert (first["distribution"], first["dropIn"]) == ("rke2", True)
    assert first["arguments"]["audit-policy-file"] == "/etc/rancher/rke2/k8s-audit/policy.yaml"
    assert first["arguments"]["audit-log-path"] == "/var/lib/rancher/rke2/server/logs/audit.log"
    assert SECRET in first["webhook"]
    assert SECRET in first["sshPrivateKey"]
    (nodes,) = of_type(engine, "ControlPlaneNodes").values()
    assert (nodes["distribution"], nodes["kubeconfig"]) == ("rke2", "/admin.conf")
    assert nodes["hosts"] == [
        {"name": f"cp-{n}", "address": f"10.0.0.1{n}", "apiServer": f"https://10.0.0.1{n}:6443"} for n in (1, 2)
    ]


def test_a_node_of_microk8s_has_its_folders(engine: Engine) -> None:
    audit(Microk8sAudit)
    first = of_type(engine, "Microk8sServerAudit")["edge-1-cp-1"]
    assert first["host"]["apiServer"] == "https://10.0.0.11:16443"
    assert first["arguments"]["audit-policy-file"] == "/var/snap/microk8s/common/k8s-audit/policy.yaml"
    assert SECRET in first["webhook"]
    assert list(of_type(engine, "ControlPlaneNodes")) == ["edge-1-nodes"]


def test_old_versions_get_no_drop_in_and_too_old_ones_are_refused(engine: Engine) -> None:
    audit(K3sAudit, kubernetes_version="1.21")
    assert not any(server["dropIn"] for server in of_type(engine, "RancherServerAudit").values())
    with pytest.raises(ConfigError, match=r"1\.19 is the oldest whose K3s"):
        audit(K3sAudit, kubernetes_version="1.18")


def test_a_master_of_openshift_gets_what_auditconfig_has_a_field_for_and_waits_for_the_proof_before_it(
    engine: Engine,
) -> None:
    hosts = [HOSTS[0], HOSTS[1] | {"adopt": True}]
    audit(Openshift3Audit, hosts=hosts)
    first, second = of_type(engine, "OpenshiftMasterAudit").values()
    assert (first["adopt"], second["adopt"]) == (False, True)
    assert first["remaining"] == ["cp-2"]
    assert first["policy"].startswith("apiVersion: audit.k8s.io/v1beta1\n")
    assert first["arguments"] == {
        "audit-policy-file": "/etc/origin/master/k8s-audit/policy.yaml",
        "audit-log-path": "/var/lib/origin/k8s-audit/audit.log",
        "audit-log-maxage": "30",
        "audit-log-maxbackup": "10",
        "audit-log-maxsize": "100",
        "audit-log-format": "json",
        "audit-webhook-config-file": "/etc/origin/master/k8s-audit/webhook.yaml",
        "audit-webhook-mode": "batch",
    }
    assert SECRET in first["webhook"]
    proofs = of_type(engine, "DeliveryCheck").values()
    assert [proof["apiServers"] for proof in proofs] == [[f"https://10.0.0.1{n}:8443"] for n in (1, 2)]
    with pytest.raises(
        ConfigError, match=r"audit:delivery\.maxWait: auditConfig of OpenShift 3\.11 has no field for it"
    ):
        audit(Openshift3Audit, delivery={"maxWait": "1s"})
