import copy
from typing import Any

import pytest
import yaml

from k8s_audit.config.forwarder import ForwarderConfig
from k8s_audit.config.judge import judge
from k8s_audit.delivery.forwarder import objects
from k8s_audit.delivery.forwarder.alerts import alerts, render_rules, rule_groups
from k8s_audit.delivery.forwarder.dashboard import dashboard, render_dashboard
from k8s_audit.delivery.forwarder.diagnosis import Look, diagnose
from k8s_audit.delivery.forwarder.network import network_rules
from k8s_audit.delivery.forwarder.objects import Contents
from k8s_audit.delivery.forwarder.pipeline_text import grace_period
from k8s_audit.errors import ConfigError

NETWORK = {"receivers": [{"cidr": "10.1.0.7/32", "ports": [443]}]}
CONTENTS = Contents("the-pipeline", 30)


def config(**settings: Any) -> ForwarderConfig:
    return judge(ForwarderConfig, "forwarder", {"network": NETWORK} | settings)


def container(**settings: Any) -> dict[str, Any]:
    template = objects.deployment("forwarder", config(**settings), CONTENTS)["template"]
    found: dict[str, Any] = template["spec"]["containers"][0]
    return found


def test_the_image_is_pinned_and_comes_from_a_mirror_by_its_digest_when_told() -> None:
    assert container()["image"] == "ghcr.io/warpstreamlabs/bento:1.20.0"
    digest = "sha256:" + "0f" * 32
    mirrored = container(workload={"registry": "mirror:5000/ghcr", "digest": digest})
    assert mirrored["image"] == f"mirror:5000/ghcr/warpstreamlabs/bento@{digest}"


@pytest.mark.parametrize(
    ("cpu", "memory", "procs", "limit"),
    [("500m", "512Mi", "1", "409MiB"), ("1500m", "256Mi", "2", "204MiB"), ("4", "2Gi", "4", "1638MiB")],
)
def test_go_knows_its_cores_and_its_memory(cpu: str, memory: str, procs: str, limit: str) -> None:
    made = container(cpu=cpu, memory=memory)
    variables = {each["name"]: each["value"] for each in made["env"]}
    assert variables == {"GOMAXPROCS": procs, "GOMEMLIMIT": limit}
    assert made["resources"] == {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}


def test_a_variable_of_the_users_own_goes_before_ours() -> None:
    made = objects.pod_template("forwarder", config(), Contents("p", 30, {"GOMAXPROCS": "3"}))
    variables = made["spec"]["containers"][0]["env"]
    assert [each["value"] for each in variables if each["name"] == "GOMAXPROCS"] == ["3"]


def test_two_replicas_on_two_nodes_and_in_two_zones_if_there_are_such() -> None:
    made = objects.deployment("forwarder", config(), CONTENTS)
    assert made["replicas"] == 2
    spread = made["template"]["spec"]["topologySpreadConstraints"]
    assert [each["topologyKey"] for each in spread] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
    for each in spread:
        assert each["labelSelector"]["matchLabels"].items() <= made["template"]["metadata"]["labels"].items()


def test_an_autoscaler_has_the_replicas_for_itself() -> None:
    scaled = config(autoscaling={"minReplicas": 3, "maxReplicas": 9, "targetCPU": 60})
    assert "replicas" not in objects.deployment("forwarder", scaled, CONTENTS)
    assert scaled.autoscaling
    made = objects.autoscaler("forwarder", scaled.autoscaling)
    assert (made["minReplicas"], made["maxReplicas"]) == (3, 9)
    assert made["metrics"][0]["resource"]["target"]["averageUtilization"] == 60


def test_no_files_no_volume_of_files() -> None:
    spec = objects.pod_template("forwarder", config(), CONTENTS)["spec"]
    assert [each["name"] for each in spec["volumes"]] == ["pipeline"]
    assert [each["mountPath"] for each in spec["containers"][0]["volumeMounts"]] == ["/etc/k8s-audit"]


def ways(spec: dict[str, Any]) -> set[tuple[str, int]]:
    return {
        (to.get("ipBlock", {}).get("cidr") or to["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], p)
        for rule in spec["egress"]
        for to in rule.get("to", [])
        for p in (port["port"] for port in rule["ports"])
    }


def test_the_network_policy_lets_out_to_names_receiver_and_cloud_alone() -> None:
    network = {
        "receivers": [{"namespace": "falco", "ports": [9765]}],
        "cloud": [{"cidr": "10.9.0.0/16", "ports": [9093, 443]}],
    }
    made = network_rules(config(network=network).network, "web", {"a": "b"})
    assert made["podSelector"] == {"matchLabels": {"a": "b"}}
    assert made["policyTypes"] == ["Ingress", "Egress"]
    assert ways(made) == {("falco", 9765), ("10.9.0.0/16", 9093), ("10.9.0.0/16", 443)}
    (dns,) = [rule for rule in made["egress"] if "to" not in rule]
    assert dns == {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}


@pytest.mark.parametrize(
    ("identity", "agent"), [("eks-pod-identity", ("169.254.170.23/32", 80)), ("gke", ("169.254.169.252/32", 988))]
)
def test_the_agent_of_an_identity_is_let_out_to(identity: str, agent: tuple[str, int]) -> None:
    assert agent in ways(network_rules(config().network, identity, {}))
    assert agent not in ways(network_rules(config().network, "web", {}))


def test_prometheus_namespace_alone_may_read_the_metrics() -> None:
    (rule,) = network_rules(config().network, "web", {})["ingress"]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    assert rule["ports"] == [{"protocol": "TCP", "port": 4195}]
    nobody = config(network=NETWORK | {"metricsFrom": {}}).network
    assert network_rules(nobody, "web", {})["ingress"] == []


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"memory": "128Mi"}, "forwarder.memory: at least 256Mi is needed; given: '128Mi'"),
        ({"memory": "1G"}, "forwarder.memory: memory is a whole number of Mi or Gi"),
        ({"cpu": "0.5"}, "forwarder.cpu: cpu is a number of cores or of thousandths of one"),
        ({"replicas": 0}, "forwarder.replicas"),
        ({"replicaz": 2}, "forwarder.replicaz: unknown key; did you mean replicas"),
        ({"replicas": 2, "autoscaling": {}}, "replicas is of no account with autoscaling or keda"),
        ({"autoscaling": {}, "keda": {"triggers": [{"type": "x", "metadata": {}}]}}, "exclude each other"),
        ({"autoscaling": {"minReplicas": 7}}, "maxReplicas is less than minReplicas"),
        ({"keda": {"triggers": [{"type": "x"}]}}, "triggers[0]: a trigger has type and metadata"),
        ({"network": {}}, "network.receivers: at least one destination is needed"),
        (
            {"network": {"receivers": [{"cidr": "10.0.0.1", "ports": [1]}]}},
            "a CIDR has its length, such as 10.0.0.1/32",
        ),
        ({"network": {"receivers": [{"ports": [1]}]}}, "a destination has either cidr or namespace"),
        ({"identity": "irsa"}, "forwarder.identity"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config(**settings)
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("input: {}", 30),
        ("shutdown_timeout: 1m30s", 100),
        ("{shutdown_timeout: 500ms, shutdown_delay: 5s}", 16),
    ],
)
def test_a_pod_has_longer_to_end_than_its_pipeline(text: str, expected: int) -> None:
    assert grace_period(text) == expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("- a", "Bento's configuration is needed"),
        ("http: {address: 0.0.0.0:80}", "pipeline.http.address"),
        ("http: {address: 'localhost:4195'}", "pipeline.http.address"),
        ("http: {enabled: false}", "pipeline.http.address"),
        ("http: 4195", "pipeline.http.address"),
        ("metrics: {none: {}}", "pipeline.metrics: prometheus is needed"),
        ("shutdown_timeout: soon", "pipeline.shutdown_timeout: a duration is"),
        ("a: " + "x" * 900_000, "a ConfigMap takes 900000"),
    ],
)
def test_a_pipeline_that_no_probe_would_reach_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        grace_period(text)
    assert fault in str(caught.value)
    assert "xxx" not in str(caught.value)


def test_the_file_of_rules_has_the_rules_of_the_object() -> None:
    text = render_rules("audit", "forwarder")
    assert yaml.safe_load(text) == rule_groups("audit", "forwarder")
    names = [alert.name for alert in alerts("audit", "forwarder")]
    assert len(names) == len(set(names)) == 8


def test_the_dashboard_has_panels_that_do_not_overlap_and_the_same_bytes_each_time() -> None:
    made = dashboard("audit", "forwarder")
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in made["panels"]]
    assert len(places) == len(set(places)) == 8
    assert len(made["uid"]) <= 40
    assert render_dashboard("audit", "forwarder") == render_dashboard("audit", "forwarder")


def seen(**container: Any) -> dict[str, Any]:
    status = {"image": "ghcr.io/warpstreamlabs/bento:1.20.0", "restartCount": 7, **container}
    return {"metadata": {"name": "forwarder-1"}, "status": {"containerStatuses": [status]}}


UNSCHEDULED = {
    "metadata": {"name": "forwarder-1"},
    "status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}]},
}
BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff"}}


@pytest.mark.parametrize(
    ("pods", "words"),
    [
        ([], "There is no pod"),
        ([UNSCHEDULED], "Pod forwarder-1 finds no node: 0/3 nodes are available."),
        (
            [seen(state={"waiting": {"reason": "ImagePullBackOff", "message": "401 Unauthorized"}})],
            "cannot pull its image",
        ),
        (
            [seen(state={"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "x" not found'}})],
            "lacks",
        ),
        ([seen(state=BACK_OFF, lastState={"terminated": {"exitCode": 1}})], "exit code 1, 7 restarts"),
        (
            [seen(state=BACK_OFF, lastState={"terminated": {"reason": "OOMKilled", "exitCode": 137}})],
            "memory limit 7 times",
        ),
    ],
)
def test_what_a_pods_status_says_is_told(pods: list[dict[str, Any]], words: str) -> None:
    (sentence,) = diagnose(Look(pods))
    assert words in sentence


def test_a_running_pod_is_fine() -> None:
    assert diagnose(Look([seen(state={"running": {}}, ready=True)])) == []


def test_google_credentials_that_are_missing_are_told_by_bentos_own_line() -> None:
    line = (
        '{"@service":"bento","level":"error","msg":"Service closing due to: failed to init input <no label> path root.input:'
        ' pubsub(publisher): credentials: could not find default credentials. See https://cloud.google.com/docs"}'
    )
    (sentence,) = diagnose(Look([seen()], {"forwarder-1": line}))
    assert "it finds no credentials" in sentence


def test_counters_of_a_new_container_are_not_taken_from_the_old_ones() -> None:
    now = "input_received{} 5\nk8s_audit_dead_letters{} 1\n"
    earlier = "input_received{} 900\nk8s_audit_dead_letters{} 40\n"
    (sentence,) = diagnose(Look([seen()], {}, {"forwarder-1": now}, {"forwarder-1": earlier}))
    assert sentence.startswith("1 events went to the dead letter")


def test_a_lag_that_grows_is_told_with_both() -> None:
    def latency(seconds: int) -> dict[str, str]:
        return {"forwarder-1": f'input_received{{}} {seconds}\ninput_latency_ns{{quantile="0.99"}} {seconds}e+09\n'}

    (sentence,) = diagnose(Look([seen()], {}, latency(40), latency(8)))
    assert "for 40 s, and it grows (before: 8 s)" in sentence


def test_lines_that_are_not_bentos_and_lines_that_report_are_passed_over() -> None:
    lines = 'SDK WARN AccessDenied\n[]\n{"level":"info","msg":"AccessDenied"}\n'
    assert diagnose(Look([copy.deepcopy(seen())], {"forwarder-1": lines})) == []
