"""KubeadmAudit as a component: what it registers. The engine is mocked; the order is for tests/engine."""

import asyncio
from typing import Any

import pytest
from pulumi.runtime import mocks

from k8s_audit.errors import ConfigError
from k8s_audit.platforms.kubeadm import KubeadmAudit, KubeadmAuditArgs
from tests.components.test_sysdig_receivers import SECRET, Engine, of_type, plain

HOSTS: list[dict[str, Any]] = [
    {"access": "ssh", "address": f"10.0.0.1{number}", "user": "ops", "name": f"cp-{number}"} for number in (1, 2, 3)
]


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(made, project="audit", stack="test", preview=False)
    return made


def audit(**more: Any) -> None:
    args: Any = {
        "hosts": HOSTS,
        "receiver": {"name": "siem", "url": "https://siem.example/audit"},
        "kubeconfig": "/admin.conf",
        "ssh_private_key": "KEY",
    }
    given: KubeadmAuditArgs = args | more
    mocks.test(lambda: KubeadmAudit("prod-1", given))()  # type: ignore[no-untyped-call]


def test_each_host_has_its_change_and_its_proof_and_knows_whose_turn_comes_next(engine: Engine) -> None:
    audit()
    hosts, proofs = of_type(engine, "StaticPodAudit"), of_type(engine, "DeliveryCheck")
    assert list(hosts) == ["prod-1-cp-1", "prod-1-cp-2", "prod-1-cp-3"]
    assert [host["remaining"] for host in hosts.values()] == [["cp-2", "cp-3"], ["cp-3"], []]
    assert [proof["apiServers"] for proof in proofs.values()] == [
        [f"https://10.0.0.1{number}:6443"] for number in (1, 2, 3)
    ]
    first = hosts["prod-1-cp-1"]
    assert SECRET in first["sshPrivateKey"]
    assert plain(first["sshPrivateKey"]) == "KEY"
    assert "KEY" not in str(first["host"])
    (kept,) = of_type(engine, "KubeadmConfigAudit").values()
    assert kept["arguments"] == first["arguments"]


def test_what_is_not_wanted_is_not_made_and_old_versions_get_the_old_policy(engine: Engine) -> None:
    local = [{"access": "local", "apiServer": "https://10.0.0.11:6443"}]
    audit(hosts=local, persist=False, kubernetes_version="1.11")
    (host,) = of_type(engine, "StaticPodAudit").values()
    assert "sshPrivateKey" not in host
    assert host["policy"].startswith("apiVersion: audit.k8s.io/v1beta1\n")
    assert not of_type(engine, "KubeadmConfigAudit")
    assert not of_type(engine, "ControlPlaneNodes")


def test_where_nothing_is_kept_for_kubeadm_a_node_that_joins_is_looked_for_all_the_same(engine: Engine) -> None:
    audit(persist=False)
    assert not of_type(engine, "KubeadmConfigAudit")
    (look,) = of_type(engine, "ControlPlaneNodes").values()
    assert (look["distribution"], look["kubeconfig"]) == ("kubeadm", "/admin.conf")
    assert [host["name"] for host in look["hosts"]] == ["cp-1", "cp-2", "cp-3"]


def test_faults_are_raised_before_anything_is_registered(engine: Engine) -> None:
    with pytest.raises(ConfigError, match=r"persist: kubeadm has one configuration for all hosts"):
        audit(hosts=[*HOSTS[:2], HOSTS[2] | {"configFolder": "/srv/audit"}])
    with pytest.raises(ConfigError, match=r"hosts\[0\].user: missing|access ssh needs user"):
        audit(hosts=[{"access": "ssh", "address": "10.0.0.11"}])
    assert not of_type(engine, "StaticPodAudit")
