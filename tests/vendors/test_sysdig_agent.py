"""The agent by its real charts, rendered by the real helm."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from k8s_audit.receivers.helm.chart import load_chart
from k8s_audit.receivers.sysdig_agent import service_name, values_of
from tests.vendors.charts import NAMESPACE, RELEASE, chart_config
from tests.vendors.sysdig import CA, CLUSTER, DIGEST, EXPECTED, KEY, ON_PREMISES, WORKLOAD, config, only, placed, pod

Render = Callable[[str, dict[str, Any]], list[dict[str, Any]]]
CHARTS = ["agent", "sysdig-deploy"]
NAME = f"{RELEASE}-agent"


@pytest.fixture
def render(render_and_apply: Render) -> Callable[..., list[dict[str, Any]]]:
    def rendered(install: str, **settings: Any) -> list[dict[str, Any]]:
        chart = load_chart(install, chart_config(install))
        agent = config("sysdig-agent", install=install, **settings)
        return render_and_apply(install, values_of(agent, chart, CLUSTER, KEY))

    return rendered


def dragent(objects: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(only(objects, "ConfigMap", "sysdig-agent")["data"]["dragent.yaml"])
    return found


@pytest.mark.parametrize("install", CHARTS)
def test_its_audit_server_listens_where_its_own_service_points(install: str, render: Callable[..., Any]) -> None:
    objects = render(install, port=7766)
    security = dragent(objects)["security"]
    assert security["k8s_audit_server_enabled"] is True
    assert security["k8s_audit_server_url"] == "0.0.0.0"
    assert security["k8s_audit_server_port"] == 7766
    service = only(objects, "Service", service_name(RELEASE))
    assert service["metadata"]["namespace"] == NAMESPACE
    assert [port["port"] for port in service["spec"]["ports"]] == [7766]
    agent = only(objects, "DaemonSet", NAME)
    assert service["spec"]["selector"].items() <= agent["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize("install", CHARTS)
def test_it_reads_the_access_key_from_the_secret_that_is_named_and_no_other_is_made(
    install: str, render: Callable[..., Any]
) -> None:
    objects = render(install)
    volumes = pod(only(objects, "DaemonSet", NAME))["volumes"]
    assert KEY in [volume.get("secret", {}).get("secretName") for volume in volumes]
    assert not [o for o in objects if o["kind"] == "Secret"]


@pytest.mark.parametrize("install", CHARTS)
def test_it_runs_where_the_workload_says_and_on_control_planes_still(install: str, render: Callable[..., Any]) -> None:
    agent = pod(only(render(install, workload=WORKLOAD), "DaemonSet", NAME))
    assert placed(agent) == EXPECTED
    assert "node-role.kubernetes.io/control-plane" in [toleration.get("key") for toleration in agent["tolerations"]]


@pytest.mark.parametrize("install", CHARTS)
def test_a_digest_stands_in_for_the_tag(install: str, render: Callable[..., Any]) -> None:
    (container,) = pod(only(render(install, workload=DIGEST), "DaemonSet", NAME))["containers"]
    assert container["image"].endswith("@" + DIGEST["digest"])


@pytest.mark.parametrize("install", CHARTS)
def test_on_premises_it_reports_to_its_collector(install: str, render: Callable[..., Any]) -> None:
    settings = dragent(render(install, backend=ON_PREMISES, verifySSL=False, ca=CA))
    assert settings["collector"] == "collector.example.com"
    assert settings["collector_port"] == 6443
    assert settings["ssl_verify_certificate"] is False
    assert settings["ca_certificate"] == "certificates/ca.crt"


@pytest.mark.parametrize("install", CHARTS)
def test_it_reports_its_cluster_to_its_region(install: str, render: Callable[..., Any]) -> None:
    settings = dragent(render(install, backend={"region": "eu1"}))
    assert settings["k8s_cluster_name"] == CLUSTER
    assert settings["collector"] == "ingest-eu1.app.sysdig.com"
