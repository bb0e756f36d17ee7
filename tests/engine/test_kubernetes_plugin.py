"""The stand-in for Pulumi's Kubernetes plugin, as the engine drives it against a real API server with the real helm."""

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.local_cluster import LocalCluster
from tests.project import Project

SECRET = "plain-4711"
PROGRAM = """\
import json
import pulumi
from pulumi_kubernetes import Provider, core, helm, networking, policy

given = json.load(open("given.json"))
provider = Provider("cluster", kubeconfig=given["kubeconfig"], cluster_identifier="cluster-1")
opts = pulumi.ResourceOptions(provider=provider)
token = pulumi.Output.secret(given["token"])
namespace = core.v1.Namespace("room", opts=opts)
meta = {"namespace": namespace.metadata.name}
service = core.v1.Service(
    "receiver",
    metadata=meta | {"annotations": {"a.b/c": given["note"]}},
    spec={"selector": {"app": "receiver"}, "ports": [{"port": 7765, "targetPort": 7765}]},
    opts=opts,
)
key = core.v1.Secret("key", metadata=meta, string_data={"token": token}, opts=opts)
networking.v1.NetworkPolicy(
    "admit",
    metadata=meta,
    spec={"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]},
    opts=opts,
)
release = helm.v3.Release(
    "tiny",
    chart=given["chart"],
    namespace=namespace.metadata.name,
    skip_await=True,
    values={"secret": key.metadata.name, "password": token} | given["values"],
    opts=opts,
)
pulumi.export("clusterIP", service.spec.cluster_ip)
pulumi.export("namespace", namespace.metadata.name)
pulumi.export("key", key.metadata.name)
pulumi.export("release", release.status)
"""
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}"}
data: {secret: "{{ .Values.secret }}", level: "{{ required "level: give one" .Values.level }}"}
"""


class Kit:
    """A project, what its program reads, and the cluster by kubectl."""

    def __init__(self, project: Project, cluster: LocalCluster, chart: Path) -> None:
        self.project, self.cluster = project, cluster
        values = {"level": "a"}
        self.given: dict[str, Any] = {"kubeconfig": str(cluster.kubeconfig), "token": SECRET, "note": "one"}
        self.give(chart=str(chart), values=values)

    def give(self, **values: Any) -> None:
        self.given |= values
        (self.project.folder / "given.json").write_text(json.dumps(self.given))

    def kubectl(self, *arguments: str) -> str:
        command = ["kubectl", "--kubeconfig", str(self.cluster.kubeconfig), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def get(self, *what: str) -> Any:
        namespace = self.project.outputs()["namespace"]
        return json.loads(self.kubectl("--namespace", namespace, "get", *what, "--output", "json"))

    def is_unchanged(self) -> bool:
        self.project.up("--expect-no-changes")
        self.project.run("preview", "--refresh", "--expect-no-changes")
        return True


@pytest.fixture
def kit(new_project: Callable[..., Project], cluster: LocalCluster, kubernetes_plugin: str, tmp_path: Path) -> Kit:
    chart = tmp_path / "a chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: tiny, version: 1.2.3, appVersion: '4'}")
    (chart / "templates" / "config_map.yaml").write_text(CONFIG_MAP)
    project = new_project("config: {}\n")
    project.variables["PULUMI_DEBUG_PROVIDERS"] = kubernetes_plugin
    (project.folder / "__main__.py").write_text(PROGRAM)
    return Kit(project, cluster, chart)


def test_a_stack_lives_and_leaves_nothing(kit: Kit) -> None:
    project = kit.project
    before = kit.kubectl("get", "namespaces,clusterroles", "--output", "name")
    project.run("preview")
    assert kit.kubectl("get", "namespaces,clusterroles", "--output", "name") == before
    project.up()
    outputs = project.outputs()
    name = kit.get("services")["items"][0]["metadata"]["name"]
    assert kit.get("service", name)["spec"]["clusterIP"] == outputs["clusterIP"]
    assert outputs["release"]["status"] == "deployed"
    assert (outputs["release"]["chart"], outputs["release"]["version"]) == ("tiny", "1.2.3")
    assert kit.get("configmap", outputs["release"]["name"])["data"] == {"secret": outputs["key"], "level": "a"}
    assert kit.is_unchanged()
    project.destroy()
    assert kit.kubectl("get", "namespaces,clusterroles", "--output", "name") == before


def test_a_change_by_hand_is_seen_and_mended(kit: Kit) -> None:
    kit.project.up()
    name = kit.get("services")["items"][0]["metadata"]["name"]
    room = kit.project.outputs()["namespace"]
    kit.kubectl("--namespace", room, "annotate", "--field-manager", "another", "service", name, "d.e/f=of another's")
    assert kit.is_unchanged()
    kit.kubectl("--namespace", room, "annotate", "--overwrite", "service", name, "a.b/c=by hand")
    seen = kit.project.run("preview", "--refresh", "--expect-no-changes", check=False)
    assert seen.returncode
    assert "1 to update" in seen.stdout, seen.stdout
    kit.project.up("--refresh")
    annotations = kit.get("service", name)["metadata"]["annotations"]
    assert (annotations["a.b/c"], annotations["d.e/f"]) == ("one", "of another's")
    kit.kubectl("--namespace", room, "delete", "service", name)
    kit.project.up("--refresh")
    assert kit.get("services")["items"]
    assert kit.is_unchanged()


def test_a_changed_secret_is_a_new_object_and_no_state_holds_it(kit: Kit) -> None:
    kit.project.up()
    key = kit.project.outputs()["key"]
    kit.give(token="plain-4712")
    shown = kit.project.run("preview", "--diff").stdout
    assert "plain-471" not in shown
    kit.project.up()
    outputs = kit.project.outputs()
    assert outputs["key"] != key
    assert [each["metadata"]["name"] for each in kit.get("secrets")["items"] if each["type"] == "Opaque"] == [
        outputs["key"]
    ]
    assert base64.b64decode(kit.get("secret", outputs["key"])["data"]["token"]).decode() == "plain-4712"
    assert outputs["release"]["revision"] == 2
    assert kit.get("configmap", outputs["release"]["name"])["data"]["secret"] == outputs["key"]
    state = kit.project.state()
    for secret in (SECRET, "plain-4712"):
        assert secret not in state
        assert base64.b64encode(secret.encode()).decode() not in state
    assert kit.is_unchanged()


def test_a_chart_that_does_not_install_is_one_line_and_the_next_up_mends_it(kit: Kit) -> None:
    kit.give(values={})
    failed = kit.project.up(check=False)
    assert failed.returncode
    line = next(line for line in failed.stdout.splitlines() if "level: give one" in line)
    assert "helm install: " in line
    kit.give(values={"level": "a"})
    kit.project.up()
    assert kit.is_unchanged()


def test_what_exists_already_and_what_nobody_knows_is_refused(kit: Kit) -> None:
    kit.project.up()
    program = kit.project.folder / "__main__.py"
    room = kit.project.outputs()["namespace"]
    program.write_text(
        PROGRAM
        + f"""
core.v1.Namespace("taken", metadata={{"name": "{room}"}}, opts=opts)
core.v1.ConfigMap("odd", metadata=meta, data={{"a": "b"}}, opts=opts)
"""
    )
    failed = kit.project.up(check=False)
    assert f'namespaces "{room}" already exists' in failed.stdout
