"""TalosAudit as a component: what it registers, and in which order. The engine is mocked."""

import asyncio
from typing import Any

import pytest
from pulumi.runtime import mocks

from k8s_audit.errors import ConfigError
from k8s_audit.platforms.talos.component import TalosAudit
from tests.components.test_sysdig_receivers import SECRET, Engine, of_type, plain

NODES = [{"address": f"10.0.4.1{number}"} for number in (1, 2, 3)]


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(made, project="audit", stack="test", preview=False)
    return made


def talos(**settings: Any) -> None:
    receiver = {"name": "siem", "url": "https://siem.example/audit", "token": "TOKEN", "body_limit": 65_536}
    args: Any = {"settings": {"nodes": NODES} | settings, "receiver": receiver, "kubeconfig": "/admin.conf"}
    mocks.test(lambda: TalosAudit("lab-1", args))()  # type: ignore[no-untyped-call]


def test_each_node_is_proved_before_the_next_is_changed(engine: Engine) -> None:
    talos()
    nodes = of_type(engine, "TalosNodeAudit")
    assert list(nodes) == [f"lab-1-10-0-4-1{number}" for number in (1, 2, 3)]
    first = nodes["lab-1-10-0-4-11"]
    assert (first["address"], first["apiServer"]) == ("10.0.4.11", "https://10.0.4.11:6443")
    assert first["remaining"] == ["10-0-4-12", "10-0-4-13"]
    assert SECRET in first["webhook"]
    assert "token: TOKEN" in plain(first["webhook"])
    assert int(first["arguments"]["audit-webhook-truncate-max-batch-size"]) < 65_536
    assert first["arguments"]["audit-webhook-config-file"] == "/var/lib/k8s-audit/webhook.yaml"
    checks = of_type(engine, "DeliveryCheck").values()
    assert [check["apiServers"] for check in checks] == [[f"https://10.0.4.1{number}:6443"] for number in (1, 2, 3)]
    (look,) = of_type(engine, "ControlPlaneNodes").values()
    assert look["distribution"] == "talos"
    assert look["hosts"][0] == {"name": "10-0-4-11", "address": "10.0.4.11", "apiServer": "https://10.0.4.11:6443"}


def test_faults_are_raised_before_anything_is_registered(engine: Engine) -> None:
    with pytest.raises(ConfigError, match=r"nodes\[1\].address: 10.0.4.11 is another node's too"):
        talos(nodes=[NODES[0], NODES[0] | {"name": "b", "apiServer": "https://b:6443"}])
    assert not of_type(engine, "DeliveryCheck")
