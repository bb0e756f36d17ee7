"""Falco as a component: what it registers. The engine and the cluster are mocked; the chart is the real one."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from k8s_audit.config.judge import judge
from k8s_audit.config.receivers.falco import FalcoReceiver
from k8s_audit.errors import ConfigError
from k8s_audit.receivers import falco
from k8s_audit.receivers.placement import Placed, Placement
from tests.components.test_sysdig_receivers import CLUSTER_IP, Engine, of_type, plain
from tests.vendors.charts import folder


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(made, project="audit", stack="test", preview=False)
    return made


def place(folder_: Path, **settings: Any) -> tuple[Placed, dict[str, Any]]:
    """The receiver, and its endpoint when all of it is known."""
    chart = {"path": str(folder() / "falcosecurity" / "falco")}
    config = judge(FalcoReceiver, "falco", {"kind": "falco", "name": "falco", "chart": chart} | settings)
    found: list[Placed] = []
    known: dict[str, Any] = {}

    def register() -> None:
        import pulumi_kubernetes

        kubernetes = pulumi_kubernetes.Provider("cluster")
        placement = Placement(folder_, "prod-1", "/admin.conf", lambda: kubernetes, pulumi.Output.secret)
        found.append(falco.place(config, placement))
        pulumi.Output.all(**(found[0].endpoint or {})).apply(known.update)

    mocks.test(register)()  # type: ignore[no-untyped-call]
    return found[0], known


def test_events_go_to_the_cluster_ip_of_its_service_within_its_limits(engine: Engine, tmp_path: Path) -> None:
    _, endpoint = place(tmp_path)
    assert endpoint == {
        "name": "falco",
        "url": f"http://{CLUSTER_IP}:9765/k8s-audit",
        "body_limit": 12_582_912,
        "event_limit": 262_144,
        "proof": "accepted",
        "namespace": "falco",
        "pod_port": 9765,
    }
    assert not of_type(engine, "Secret")
    assert not of_type(engine, "NetworkPolicy")
    (budget,) = of_type(engine, "PodDisruptionBudget").values()
    assert budget["spec"]["maxUnavailable"] == 1
    (namespace,) = of_type(engine, "Namespace").values()
    assert namespace["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}


def test_with_tls_its_key_lies_in_a_secret_that_the_values_name_and_nowhere_else(
    engine: Engine, tmp_path: Path
) -> None:
    _, endpoint = place(tmp_path, tls=True, admit=["10.0.0.11/32"])
    assert endpoint["url"] == f"https://{CLUSTER_IP}:9765/k8s-audit"
    assert (endpoint["ca"], endpoint["tls_server_name"]) == ("CA", "falco-k8saudit.falco.svc")
    (certificate,) = of_type(engine, "ReceiverCertificate").values()
    assert certificate["names"] == ["falco-k8saudit.falco.svc"]
    data = plain(engine.registered["falco-tls"])["data"]
    assert base64.b64decode(data["falco.pem"]) == b"PRIVATE-KEYCERTIFICATE"
    (release,) = of_type(engine, "Release").values()
    assert "PRIVATE-KEY" not in str(release)
    assert release["values"]["mounts"]["volumes"][0]["secret"]["secretName"].startswith("falco-tls")
    (policy,) = of_type(engine, "NetworkPolicy").values()
    assert policy["spec"]["ingress"][0]["ports"] == [{"protocol": "TCP", "port": 9765}]


def test_a_credential_of_falcosidekick_in_plain_values_is_refused_without_being_shown(
    engine: Engine, tmp_path: Path
) -> None:
    plain_text = {"falcosidekick": {"config": {"slack": {"webhookurl": "https://hooks.example/4711"}}}}
    with pytest.raises(ConfigError, match="webhookurl") as caught:
        place(tmp_path, sidekick={}, values=plain_text)
    assert "4711" not in str(caught.value)
    assert not of_type(engine, "Release")
