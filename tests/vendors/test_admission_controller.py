"""The admission controller by its real charts, rendered by the real helm."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from k8s_audit.receivers.admission_controller import selector, values_of, webhooks
from k8s_audit.receivers.helm.chart import load_chart
from k8s_audit.receivers.helm.tool import helm
from tests.vendors.charts import RELEASE, Vendors, chart_config
from tests.vendors.sysdig import (
    CA,
    CLUSTER,
    DIGEST,
    EXPECTED,
    KEY,
    RULES,
    TOKEN,
    WORKLOAD,
    config,
    labels,
    only,
    placed,
    pod,
)

Render = Callable[[str, dict[str, Any]], list[dict[str, Any]]]
NAMES = {
    "admission-controller": f"{RELEASE}-admission-controller-webhook",
    "sysdig-deploy": f"{RELEASE}-admissioncontroller-webhook",
}
CHARTS = list(NAMES)
PROXY = {"httpProxy": "http://proxy.example.com:3128", "httpsProxy": "https://proxy.example.com:3129", "ca": CA}


@pytest.fixture
def render(render_and_apply: Render) -> Callable[..., list[dict[str, Any]]]:
    def rendered(install: str, **settings: Any) -> list[dict[str, Any]]:
        made = config("admission-controller", install=install, **settings)
        return render_and_apply(install, values_of(made, CLUSTER, TOKEN, KEY))

    return rendered


@pytest.mark.parametrize("install", CHARTS)
def test_it_registers_the_webhook_that_we_name_at_the_service_of_its_pods(
    install: str, render: Callable[..., Any]
) -> None:
    objects = render(install)
    registered = only(objects, "ValidatingWebhookConfiguration", NAMES[install])["webhooks"]
    assert tuple(webhook["name"] for webhook in registered) == webhooks(config("admission-controller"))
    (webhook,) = registered
    assert webhook["failurePolicy"] == "Ignore"
    service = only(objects, "Service", webhook["clientConfig"]["service"]["name"])
    deployment = only(objects, "Deployment", NAMES[install])
    assert service["spec"]["selector"].items() <= labels(deployment).items()


@pytest.mark.parametrize("install", CHARTS)
def test_our_network_policy_selects_its_pods_and_their_port(install: str, render: Callable[..., Any]) -> None:
    deployment = only(render(install, webhook={"port": 5443}), "Deployment", NAMES[install])
    assert selector(config("admission-controller", install=install)).items() <= labels(deployment).items()
    (container,) = pod(deployment)["containers"]
    assert [port["containerPort"] for port in container["ports"]] == [5443]


@pytest.mark.parametrize("install", CHARTS)
def test_it_reads_the_token_from_the_secret_that_is_named(install: str, render: Callable[..., Any]) -> None:
    objects = render(install, scanner={"enabled": True})
    for name in (NAMES[install], NAMES[install].replace("webhook", "scanner")):
        (container,) = pod(only(objects, "Deployment", name))["containers"]
        assert {"secretRef": {"name": TOKEN}} in container["envFrom"]
    made = [o["metadata"]["name"] for o in objects if o["kind"] == "Secret"]
    assert made == [f"{NAMES[install]}-tls"]


@pytest.mark.parametrize("install", CHARTS)
def test_its_pods_are_admitted_by_pod_security_restricted(install: str, render: Callable[..., Any]) -> None:
    objects = render(install, scanner={"enabled": True})
    for name in (NAMES[install], NAMES[install].replace("webhook", "scanner")):
        specification = pod(only(objects, "Deployment", name))
        assert specification["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        (container,) = specification["containers"]
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["runAsNonRoot"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
    assert pod(only(objects, "Deployment", NAMES[install]))["securityContext"]["fsGroup"] == 65534


@pytest.mark.parametrize("install", CHARTS)
def test_its_settings_reach_its_configuration(install: str, render: Callable[..., Any]) -> None:
    objects = render(install, verifySSL=False, webhook={"logLevel": "debug", "timeout": 7}, backend={"region": "au1"})
    data = only(objects, "ConfigMap", NAMES[install])["data"]
    assert data["CLUSTER_NAME"] == CLUSTER
    assert data["SECURE_URL"] == "https://app.au1.sysdig.com"
    assert (data["VERIFY_SSL"], data["LOG_LEVEL"], data["HTTP_TIMEOUT"]) == ("false", "debug", "7s")


def test_on_premises_it_asks_the_given_host(render: Callable[..., Any]) -> None:
    objects = render("admission-controller", backend={"apiEndpoint": "secure.example.com"})
    data = only(objects, "ConfigMap", NAMES["admission-controller"])["data"]
    assert data["SECURE_URL"] == "https://secure.example.com"


@pytest.mark.parametrize("install", CHARTS)
def test_proxies_and_their_authority_reach_webhook_and_scanner(install: str, render: Callable[..., Any]) -> None:
    objects = render(install, webhook=PROXY, scanner={"enabled": True, **PROXY})
    for name in (NAMES[install], NAMES[install].replace("webhook", "scanner")):
        (container,) = pod(only(objects, "Deployment", name))["containers"]
        variables = {one["name"]: one.get("value") for one in container["env"]}
        assert variables["HTTP_PROXY"] == PROXY["httpProxy"]
        assert variables["HTTPS_PROXY"] == PROXY["httpsProxy"]
        assert variables["NO_PROXY"].startswith("kubernetes,10.0.0.0/8")
        assert variables["SSL_CERT_DIR"] == "/ca-certs"
        only(objects, "Secret", f"{name}-ca")


@pytest.mark.parametrize("install", CHARTS)
def test_it_scales_by_cpu_or_has_a_fixed_number_of_pods(install: str, render: Callable[..., Any]) -> None:
    scaled = render(install, autoscaling={"maxReplicas": 9, "targetCPU": 60})
    scaler = only(scaled, "HorizontalPodAutoscaler", NAMES[install])["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"], scaler["targetCPUUtilizationPercentage"]) == (2, 9, 60)
    fixed = render(install, autoscaling={"enabled": False}, replicas=3)
    assert not [o for o in fixed if o["kind"] == "HorizontalPodAutoscaler"]
    assert only(fixed, "Deployment", NAMES[install])["spec"]["replicas"] == 3


@pytest.mark.parametrize("install", CHARTS)
def test_it_sees_what_the_rules_say(install: str, render: Callable[..., Any]) -> None:
    registered = only(render(install, rules=RULES), "ValidatingWebhookConfiguration", NAMES[install])
    (rule,) = registered["webhooks"][0]["rules"]
    assert rule == {"apiVersions": ["*"], **RULES[0]}


@pytest.mark.parametrize("install", CHARTS)
def test_it_runs_where_the_workload_says(install: str, render: Callable[..., Any]) -> None:
    objects = render(install, workload=WORKLOAD, scanner={"enabled": True})
    for name in (NAMES[install], NAMES[install].replace("webhook", "scanner")):
        assert placed(pod(only(objects, "Deployment", name))) == EXPECTED


@pytest.mark.parametrize("install", CHARTS)
def test_a_digest_stands_in_for_the_tag(install: str, render: Callable[..., Any]) -> None:
    (container,) = pod(only(render(install, workload=DIGEST), "Deployment", NAMES[install]))["containers"]
    assert container["image"].endswith("@" + DIGEST["digest"])


@pytest.mark.parametrize("install", CHARTS)
def test_its_disruption_budget_keeps_what_is_said(install: str, render: Callable[..., Any]) -> None:
    objects = render(install, webhook={"minAvailable": 2})
    assert only(objects, "PodDisruptionBudget", f"{NAMES[install]}-pdb")["spec"]["minAvailable"] == 2


def test_its_certificate_stays_at_the_next_up(vendors: Vendors) -> None:
    chart = load_chart("admission-controller", chart_config("admission-controller"))
    server = ["--kubeconfig", str(vendors.cluster.kubeconfig), "--namespace", "certificates"]
    file = vendors.cluster.folder / "values.yaml"

    def authorities(command: str, level: str, *options: str) -> set[str]:
        made = config("admission-controller", webhook={"logLevel": level})
        file.write_text(yaml.safe_dump(values_of(made, CLUSTER, TOKEN, KEY)))
        helm(command, RELEASE, str(chart.path), "--values", str(file), *options, *server)
        manifest = yaml.load_all(helm("get", "manifest", RELEASE, *server), yaml.CSafeLoader)
        objects = [found for found in manifest if found]
        secret = only(objects, "Secret", f"{NAMES['admission-controller']}-tls")
        (webhook,) = only(objects, "ValidatingWebhookConfiguration", NAMES["admission-controller"])["webhooks"]
        return {secret["data"]["ca.crt"], webhook["clientConfig"]["caBundle"]}

    first = authorities("install", "info", "--create-namespace")
    try:
        assert len(first) == 1
        assert authorities("upgrade", "debug") == first
    finally:
        helm("uninstall", RELEASE, *server)
