from typing import Any

import pytest

from k8s_audit.config.forwarder import ForwarderConfig
from k8s_audit.config.judge import judge
from k8s_audit.delivery.forwarder import objects
from k8s_audit.delivery.forwarder.objects import Contents

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
