"""KubesprayAudit as a component: what it registers, and what it refuses before. The engine is mocked; the order is for tests/engine."""

from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime import mocks

from k8s_audit.errors import ConfigError
from k8s_audit.platforms.kubespray.component import KubesprayAudit, KubesprayAuditArgs
from tests.components.test_kubeadm import HOSTS, engine
from tests.components.test_sysdig_receivers import SECRET, Engine, of_type

__all__ = ["engine"]


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    (tmp_path / "group_vars" / "k8s_cluster").mkdir(parents=True)
    return tmp_path


def audit(inventory: Path, **more: Any) -> None:
    args: KubesprayAuditArgs = {
        "settings": {"hosts": HOSTS, "inventory": str(inventory)} | more,
        "receiver": {"name": "siem", "url": "https://siem.example/audit"},
        "kubeconfig": "/admin.conf",
        "ssh_private_key": "KEY",
    }
    mocks.test(lambda: KubesprayAudit("prod-1", args))()  # type: ignore[no-untyped-call]


def test_hosts_and_kubeadms_configuration_are_as_for_kubeadm_and_variables_say_the_same(
    engine: Engine, inventory: Path
) -> None:
    audit(inventory)
    hosts = of_type(engine, "StaticPodAudit")
    assert list(hosts) == ["prod-1-cp-1", "prod-1-cp-2", "prod-1-cp-3"]
    assert SECRET in hosts["prod-1-cp-1"]["sshPrivateKey"]
    assert len(of_type(engine, "DeliveryCheck")) == 3
    (kept,) = of_type(engine, "KubeadmConfigAudit").values()
    (written,) = of_type(engine, "KubesprayVariables").values()
    assert written["arguments"] == kept["arguments"] == hosts["prod-1-cp-3"]["arguments"]
    assert written["inventory"] == str(inventory)
    assert "KEY" not in str(written)


def test_what_is_in_the_way_in_the_inventory_is_told_before_anything_is_registered(
    engine: Engine, inventory: Path
) -> None:
    (inventory / "group_vars" / "all.yml").write_text("kubernetes_audit: true\n")
    with pytest.raises(ConfigError, match=r"all.yml sets kubernetes_audit: true"):
        audit(inventory)
    with pytest.raises(ConfigError, match=r"group_vars/k8s-cluster is no folder"):
        audit(inventory, group="k8s-cluster")
    assert not of_type(engine, "StaticPodAudit")
    audit(inventory, persist=False)
    assert not of_type(engine, "KubesprayVariables")
    assert not of_type(engine, "KubeadmConfigAudit")
