"""Both shields by their real charts, rendered by the real helm.

The charts look our certificate up in the cluster, so helm is given one: a real kube-apiserver with the Secret in it.
"""

import re
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
import yaml

from k8s_audit.config.receivers.sysdig import REGIONS
from k8s_audit.errors import ToolError
from k8s_audit.provider.resource import Context
from k8s_audit.provider.resources.receiver_certificate import ReceiverCertificateInputs, ReceiverCertificateResource
from k8s_audit.receivers import cluster_shield, sysdig_shield
from k8s_audit.receivers.helm.chart import load_chart
from k8s_audit.receivers.helm.release import encoded
from k8s_audit.receivers.helm.tool import helm
from k8s_audit.receivers.helm.values import judge_values
from k8s_audit.receivers.shield import names_of
from tests.vendors.charts import NAMESPACE, RELEASE, Vendors, chart_config, folder
from tests.vendors.sysdig import (
    CA,
    CLUSTER,
    DIGEST,
    EXPECTED,
    KEY,
    ON_PREMISES,
    RULES,
    TLS,
    WORKLOAD,
    config,
    labels,
    only,
    placed,
    pod,
)

SHIELDS = [("sysdig-shield", "shield"), ("cluster-shield", "cluster-shield"), ("cluster-shield", "sysdig-deploy")]
NAMES = {
    "shield": f"{RELEASE}-shield-cluster",
    "cluster-shield": f"{RELEASE}-cluster-shield",
    "sysdig-deploy": f"{RELEASE}-clustershield",
}
CONFIGURATIONS = NAMES | {"cluster-shield": "sysdig-cluster-shield", "sysdig-deploy": "sysdig-clustershield"}


def shield(kind: str, chart: str, **settings: Any) -> Any:
    return config(kind, **({} if kind == "sysdig-shield" else {"install": chart}), **settings)


def values_of(made: Any) -> dict[str, Any]:
    module = sysdig_shield if made.kind == "sysdig-shield" else cluster_shield
    found: dict[str, Any] = module.values_of(made, CLUSTER, KEY, TLS)
    return found


@pytest.fixture(scope="module")
def authority(vendors: Vendors) -> str:
    """Makes the Secret of a certificate as `up` would, and tells its authority as a webhook has it."""
    inputs = ReceiverCertificateInputs(names=names_of("a-service", NAMESPACE))
    made = ReceiverCertificateResource().create(Context(Event(), print), "receiver-certificate", inputs)[1]
    vendors._make_namespaces({NAMESPACE})
    data = {"ca.crt": made["ca"], "tls.crt": made["certificate"], "tls.key": made["key"]}
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": TLS},
        "data": {key: encoded(text) for key, text in data.items()},
    }
    done = vendors._kubectl("apply", "--server-side", "-f", "-", given=body)
    assert done.returncode == 0, done.stderr
    return encoded(made["ca"])


@pytest.fixture
def render(vendors: Vendors, authority: str) -> Callable[..., list[dict[str, Any]]]:
    """Objects that the API server has nothing against, rendered as an installation would."""

    def rendered(kind: str, chart: str, **settings: Any) -> list[dict[str, Any]]:
        loaded = load_chart(chart, chart_config(chart))
        values = values_of(shield(kind, chart, **settings))
        judge_values(loaded, values, "values")
        file = vendors.cluster.folder / "values.yaml"
        file.write_text(yaml.safe_dump(values))
        server = ["--dry-run=server", "--kubeconfig", str(vendors.cluster.kubeconfig), "--namespace", NAMESPACE]
        options = ["--values", str(file), "--kube-version", vendors.version]
        text = helm("template", RELEASE, str(loaded.path), *options, *server)
        objects = [found for found in yaml.load_all(text, yaml.CSafeLoader) if found]
        vendors._apply(objects)
        return objects

    return rendered


def audit(objects: list[dict[str, Any]], chart: str) -> dict[str, Any]:
    (text,) = only(objects, "ConfigMap", CONFIGURATIONS[chart])["data"].values()
    found: dict[str, Any] = yaml.safe_load(text)["features"]["audit"]
    return found


@pytest.mark.parametrize(("kind", "chart"), SHIELDS)
def test_by_audit_events_its_service_takes_them_and_no_webhook_is_registered(
    kind: str, chart: str, render: Callable[..., Any]
) -> None:
    objects = render(kind, chart, httpPort=7443)
    assert audit(objects, chart)["enabled"] is True
    assert audit(objects, chart)["method"] == "audit_backend"
    assert not [o for o in objects if o["kind"] == "ValidatingWebhookConfiguration"]
    name = (
        sysdig_shield.service_name(RELEASE)
        if kind == "sysdig-shield"
        else cluster_shield.service_name(shield(kind, chart))
    )
    service = only(objects, "Service", name)
    assert [port["port"] for port in service["spec"]["ports"] if port["name"] == "audit"] == [7443]
    assert service["spec"]["type"] == "ClusterIP"
    deployment = only(objects, "Deployment", NAMES[chart])
    assert service["spec"]["selector"].items() <= labels(deployment).items()
    (container,) = pod(deployment)["containers"]
    assert {"name": "audit", "containerPort": 7443, "protocol": "TCP"} in container["ports"]


@pytest.mark.parametrize(("kind", "chart"), SHIELDS)
def test_its_pods_keep_apart(kind: str, chart: str, render: Callable[..., Any]) -> None:
    deployment = only(render(kind, chart), "Deployment", NAMES[chart])
    (wish,) = pod(deployment)["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    matched = wish["podAffinityTerm"]["labelSelector"]["matchLabels"]
    assert matched
    assert matched.items() <= labels(deployment).items()


@pytest.mark.parametrize(("kind", "chart"), SHIELDS)
def test_by_reviews_it_registers_the_webhook_that_we_name_with_our_authority(
    kind: str, chart: str, render: Callable[..., Any], authority: str
) -> None:
    settings = {"timeout": 3, "excludedNamespaces": ["kube-system"], "webhookRules": RULES}
    objects = render(kind, chart, method="validating_webhook", **settings)
    (registered,) = [o for o in objects if o["kind"] == "ValidatingWebhookConfiguration"]
    (webhook,) = registered["webhooks"]
    assert webhook["name"] == "audit.secure.sysdig.com"
    assert webhook["clientConfig"]["caBundle"] == authority
    assert webhook["timeoutSeconds"] == 3
    assert webhook["rules"] == [{"apiVersions": ["*"], **RULES[0]}]
    (expression,) = webhook["namespaceSelector"]["matchExpressions"]
    assert expression["values"] == ["kube-system"]


@pytest.mark.parametrize(("kind", "chart"), SHIELDS)
def test_it_serves_our_certificate_and_reads_our_access_key_and_no_secret_of_it_is_made(
    kind: str, chart: str, render: Callable[..., Any]
) -> None:
    objects = render(kind, chart)
    volumes = pod(only(objects, "Deployment", NAMES[chart]))["volumes"]
    named = {volume.get("secret", {}).get("secretName") for volume in volumes}
    assert {TLS, KEY} <= named
    made = [o for o in objects if o["kind"] == "Secret"]
    assert not any(o.get("data") or o.get("stringData") for o in made), made


@pytest.mark.parametrize(("kind", "chart"), SHIELDS)
def test_each_render_is_the_same(kind: str, chart: str, render: Callable[..., Any]) -> None:
    assert render(kind, chart) == render(kind, chart)


@pytest.mark.parametrize(("kind", "chart"), SHIELDS)
def test_without_the_secret_helm_installs_nothing(kind: str, chart: str, vendors: Vendors) -> None:
    with pytest.raises(ToolError):
        vendors.render_and_apply(chart, values_of(shield(kind, chart)))


@pytest.mark.parametrize(("kind", "chart"), SHIELDS)
def test_our_network_policy_selects_its_pods(kind: str, chart: str, render: Callable[..., Any]) -> None:
    deployment = only(render(kind, chart), "Deployment", NAMES[chart])
    selector = (
        sysdig_shield.selector(RELEASE) if kind == "sysdig-shield" else cluster_shield.selector(shield(kind, chart))
    )
    assert selector.items() <= labels(deployment).items()


@pytest.mark.parametrize(("kind", "chart"), SHIELDS)
def test_only_many_processes_need_a_privileged_container(kind: str, chart: str, render: Callable[..., Any]) -> None:
    for mode, privileged in (("single-process", None), ("multi-process", True)):
        (container,) = pod(only(render(kind, chart, runMode=mode), "Deployment", NAMES[chart]))["containers"]
        assert container.get("securityContext", {}).get("privileged") is privileged


@pytest.mark.parametrize(("kind", "chart"), SHIELDS)
def test_it_runs_where_the_workload_says(kind: str, chart: str, render: Callable[..., Any]) -> None:
    objects = render(kind, chart, workload=WORKLOAD, replicas=3)
    deployment = only(objects, "Deployment", NAMES[chart])
    assert placed(pod(deployment)) == EXPECTED
    assert deployment["spec"]["replicas"] == 3


def test_shields_host_part_runs_there_too(render: Callable[..., Any]) -> None:
    host = only(render("sysdig-shield", "shield", workload=WORKLOAD), "DaemonSet", f"{RELEASE}-shield-host")
    assert placed(pod(host)) == EXPECTED


def test_a_digest_stands_in_for_shields_tag(render: Callable[..., Any]) -> None:
    deployment = only(render("sysdig-shield", "shield", workload=DIGEST), "Deployment", NAMES["shield"])
    assert pod(deployment)["containers"][0]["image"].endswith("@" + DIGEST["digest"])


@pytest.mark.parametrize(("kind", "chart"), SHIELDS)
def test_on_premises_it_reports_to_the_given_hosts(kind: str, chart: str, render: Callable[..., Any]) -> None:
    objects = render(kind, chart, backend=ON_PREMISES, verifySSL=False, ca=CA)
    (text,) = only(objects, "ConfigMap", CONFIGURATIONS[chart])["data"].values()
    settings = yaml.safe_load(text)
    assert settings["sysdig_endpoint"] == {
        "region": "custom",
        "api_url": "https://secure.example.com",
        "collector": "collector.example.com:6443",
    }
    assert settings["ssl"] == {"verify": False}
    assert settings["cluster_config"]["name"] == CLUSTER


@pytest.mark.parametrize("file", ["common/templates/_regions.tpl", "shield/templates/common/_regions.tpl"])
def test_our_regions_are_the_charts(file: str) -> None:
    known = re.findall(r'"([a-z0-9-]+)"\s+\(dict', (folder() / "sysdig" / file).read_text())
    assert set(REGIONS) == {region for region in known if not region.endswith("-alt")}
