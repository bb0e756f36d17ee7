"""Falco's chart with our values, rendered by the real helm: what comes out is taken by an API server and needs no privilege."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import yaml

from k8s_audit.config.judge import judge
from k8s_audit.config.receivers.falco import FalcoReceiver
from k8s_audit.errors import ConfigError
from k8s_audit.receivers.falco import selector, service_name, values_of
from k8s_audit.receivers.helm.chart import load_chart
from k8s_audit.receivers.helm.values import judge_values, merged
from tests.vendors.charts import RELEASE, chart_config

Objects = list[dict[str, Any]]
Render = Callable[[str, dict[str, Any]], Objects]
OWN = "- rule: Ours\n  desc: ours\n  condition: ka.verb=create\n  output: x\n  priority: INFO\n  source: k8s_audit\n"
DIGEST = f"sha256:{'a' * 64}"
WORKLOAD = {
    "registry": "registry.example.com/mirror",
    "digest": DIGEST,
    "pullSecrets": ["pull"],
    "tolerations": [{"key": "audit", "operator": "Exists", "effect": "NoSchedule"}],
    "nodeSelector": {"role": "security"},
    "priorityClass": "high",
}


def config_of(**settings: Any) -> FalcoReceiver:
    return judge(FalcoReceiver, "falco", {"kind": "falco", "name": RELEASE} | settings)


@pytest.fixture
def render(render_and_apply: Render) -> Callable[..., Objects]:
    return lambda **settings: render_and_apply("falco", values_of(config_of(**settings), "falco-tls-4f1c"))


def one(objects: Objects, kind: str, name: str = "") -> dict[str, Any]:
    (found,) = [o for o in objects if o["kind"] == kind and o["metadata"]["name"].startswith(name or RELEASE)]
    return found


def falco_yaml(objects: Objects) -> dict[str, Any]:
    maps = [o for o in objects if o["kind"] == "ConfigMap" and "falco.yaml" in o["data"]]
    found: dict[str, Any] = yaml.safe_load(maps[0]["data"]["falco.yaml"])
    return found


@pytest.mark.parametrize(
    ("tls", "rules", "sidekick", "workload"),
    [*product((False, True), (False, True), (False, True), (False, True))],
)
def test_every_combination_is_taken_by_an_api_server_and_opens_no_port_of_a_node(
    tls: bool, rules: bool, sidekick: bool, workload: bool, render: Callable[..., Objects]
) -> None:
    settings: dict[str, Any] = {"tls": tls, "replicas": 2}
    if rules:
        settings |= {"rules": {"ours.yaml": OWN}, "artifacts": {"rules": False}}
    if sidekick:
        settings["sidekick"] = {"existingSecret": "sidekick"}
    if workload:
        settings["workload"] = WORKLOAD
    objects = render(**settings)
    deployment = one(objects, "Deployment", f"{RELEASE}") if not sidekick else None
    services = {o["metadata"]["name"]: o["spec"] for o in objects if o["kind"] == "Service"}
    assert {spec.get("type", "ClusterIP") for spec in services.values()} == {"ClusterIP"}
    spec = services[service_name(RELEASE)]
    assert spec["ports"] == [{"name": "events", "port": 9765, "protocol": "TCP"}]
    assert spec["selector"] == selector(RELEASE)
    assert not [o for o in objects if o["kind"] in ("DaemonSet", "SecurityContextConstraints")]
    # falcosidekick's chart makes one of its defaults, which hold no credential
    assert {o["metadata"]["name"] for o in objects if o["kind"] == "Secret"} <= {f"{RELEASE}-falcosidekick"}
    assert bool([o for o in objects if o["kind"].endswith("Role")]) == sidekick
    assert deployment is None or deployment["spec"]["replicas"] == 2


def test_its_pods_are_what_pod_security_restricted_admits(render: Callable[..., Objects]) -> None:
    for o in render(tls=True, sidekick={}, rules={"ours.yaml": OWN}):
        if o["kind"] != "Deployment":
            continue
        pod = o["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not [volume for volume in pod.get("volumes") or [] if "hostPath" in volume]
        for container in [*pod["containers"], *(pod.get("initContainers") or [])]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["requests"]
            assert container["resources"]["limits"]


def test_the_plugin_listens_where_the_api_server_sends_with_the_limits_that_our_batches_keep(
    render: Callable[..., Objects],
) -> None:
    settings = falco_yaml(render())
    plugin = settings["plugins"][0]
    assert plugin["open_params"] == "http://:9765/k8s-audit"
    assert plugin["init_config"] == {"maxEventSize": 262_144, "webhookMaxBatchSize": 12_582_912}
    assert settings["load_plugins"] == ["k8saudit", "json"]
    assert settings["rules_files"] == ["/etc/falco/k8s_audit_rules.yaml"]


def test_with_tls_key_and_certificate_come_from_a_secret_that_the_chart_mounts(render: Callable[..., Objects]) -> None:
    objects = render(tls=True, port=9766)
    plugin = falco_yaml(objects)["plugins"][0]
    assert plugin["open_params"] == "https://:9766/k8s-audit"
    assert plugin["init_config"]["sslCertificate"] == "/etc/falco-tls/falco.pem"
    pod = one(objects, "Deployment")["spec"]["template"]["spec"]
    (volume,) = [v for v in pod["volumes"] if v["name"] == "k8saudit-tls"]
    assert volume["secret"]["secretName"] == "falco-tls-4f1c"
    assert {m["mountPath"] for m in pod["containers"][0]["volumeMounts"] if m["name"] == "k8saudit-tls"} == {
        "/etc/falco-tls"
    }


def test_rules_of_ones_own_lie_in_a_configmap_and_are_loaded(render: Callable[..., Objects]) -> None:
    objects = render(rules={"ours.yaml": OWN})
    assert one(objects, "ConfigMap", f"{RELEASE}-rules")["data"] == {"ours.yaml": OWN.rstrip("\n")}
    assert falco_yaml(objects)["rules_files"] == ["/etc/falco/k8s_audit_rules.yaml", "/etc/falco/rules.d"]


def test_falcosidekick_gets_alerts_as_json_and_its_secrets_by_name_alone(render: Callable[..., Objects]) -> None:
    objects = render(sidekick={"existingSecret": "sidekick"})
    settings = falco_yaml(objects)
    assert settings["json_output"] is True
    assert settings["http_output"]["url"] == f"http://{RELEASE}-falcosidekick:2801"
    assert [o for o in objects if o["kind"] == "Service" and o["metadata"]["name"] == f"{RELEASE}-falcosidekick"]
    (deployment,) = [
        o for o in objects if o["kind"] == "Deployment" and o["metadata"]["name"] == f"{RELEASE}-falcosidekick"
    ]
    sources = deployment["spec"]["template"]["spec"]["containers"][0]["envFrom"]
    assert {"secretRef": {"name": "sidekick"}} in sources


def test_a_mirror_a_digest_and_a_place_reach_all_pods(render: Callable[..., Objects]) -> None:
    objects = render(workload=WORKLOAD, sidekick={})
    images = set()
    for o in objects:
        if o["kind"] == "Deployment":
            pod = o["spec"]["template"]["spec"]
            images |= {c["image"] for c in [*pod["containers"], *(pod.get("initContainers") or [])]}
            assert pod["imagePullSecrets"] == [{"name": "pull"}]
            assert pod["nodeSelector"] == {"role": "security"}
            assert pod["priorityClassName"] == "high"
            assert pod["tolerations"] == WORKLOAD["tolerations"]
    assert f"registry.example.com/mirror/falcosecurity/falco@{DIGEST}" in images
    assert len(images) == 3
    assert all(image.startswith("registry.example.com/mirror/") for image in images)


def test_artifacts_of_a_mirror_are_fetched_by_their_whole_references(render: Callable[..., Objects]) -> None:
    refs = ["mirror.example:5000/plugins/plugin/k8saudit:0.16.0", "mirror.example:5000/plugins/plugin/json:0.7.3"]
    objects = render(artifacts={"refs": refs})
    maps = one(objects, "ConfigMap", f"{RELEASE}-falcoctl")
    install = yaml.safe_load(maps["data"]["falcoctl.yaml"])["artifact"]["install"]
    assert (install["refs"], install["resolveDeps"]) == (refs, False)
    without = render(artifacts={"install": False}, rules={"ours.yaml": OWN})
    assert not one(without, "Deployment")["spec"]["template"]["spec"].get("initContainers")
    assert falco_yaml(without)["rules_files"] == ["/etc/falco/rules.d"]


def test_a_value_that_a_typed_key_sets_too_and_one_that_the_chart_does_not_know_are_errors() -> None:
    with pytest.raises(ConfigError, match=r"driver\.enabled: a typed key of this receiver sets it already"):
        merged(values_of(config_of(), ""), {"driver": {"enabled": True}}, "falco.values")
    with pytest.raises(ConfigError, match="did you mean podLabels"):
        judge_values(load_chart("falco", chart_config("falco")), {"podLabel": {}}, "falco.values")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rules": {"ours.yaml": "a: b"}}, "rules are a YAML list of rules"),
        ({"rules": {"ours.yaml": "["}}, "no YAML"),
        ({"rules": {"../ours.yaml": OWN}}, "String should match pattern"),
        ({"rulesFiles": ["/nowhere/ours.yaml"]}, "the file cannot be read: No such file"),
        ({"artifacts": {"rules": False}}, "there are none at all: give rules or rulesFiles"),
        ({"artifacts": {"refs": ["k8saudit"]}}, "String should match pattern"),
        ({"port": 8765}, "8765 is Falco's own health server's"),
        ({"port": 80}, "greater than or equal to 1024"),
        ({"eventLimit": "1GiB"}, "a size is a number of bytes"),
        ({"sidekick": {"existingSecrt": "x"}}, "did you mean existingSecret?"),
        ({"admit": ["10.0.0.1/8"]}, "a CIDR without host bits is needed"),
    ],
)
def test_bad_input_is_one_message(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config_of(**settings)
    (line,) = caught.value.faults
    assert said in line
