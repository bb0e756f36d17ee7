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

SECRET, NEXT = "plain-4711", "plain-4712"
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
exec(given["more"])
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


REFUSED = {
    'core.v1.Namespace("n", metadata={"name": "ROOM"}, opts=opts)': 'namespaces "ROOM" already exists',
    'core.v1.Service("s", metadata=meta, spec={"port": []}, opts=opts)': 'unknown field "spec.port"',
    'core.v1.ServicePatch("p", metadata={"name": "x"}, opts=opts)': "does not serve the resource ServicePatch",
    'helm.v4.Chart("c", chart="x", opts=opts)': "serves no Construct kubernetes:helm.sh/v4:Chart",
    'core.v1.ConfigMap("c", data={})': "no kubeconfig given",
}
IMPORTED = """
imported = lambda id: pulumi.ResourceOptions(provider=provider, import_="default/" + id)
helm.v3.Release("r", name="mine", chart=given["chart"], skip_await=True, values={"level": "b"}, opts=imported("mine"))
core.v1.ConfigMap("c", metadata={"name": "theirs", "namespace": "default"}, data={"a": "b"}, opts=imported("theirs"))
"""


class Kit:
    """A project, what its program reads, and the cluster by kubectl."""

    def __init__(self, project: Project, cluster: LocalCluster, chart: Path) -> None:
        self.project, self.kubeconfig, self.chart = project, str(cluster.kubeconfig), chart
        self.given: dict[str, Any] = {}
        self.give(
            kubeconfig=self.kubeconfig, token=SECRET, note="one", chart=str(chart), values={"level": "a"}, more=""
        )

    def give(self, **values: Any) -> None:
        self.given |= values
        (self.project.folder / "given.json").write_text(json.dumps(self.given))

    def kubectl(self, *arguments: str) -> str:
        command = ["kubectl", "--kubeconfig", self.kubeconfig, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def objects(self) -> str:
        return self.kubectl("get", "namespaces,services,secrets,configmaps,networkpolicies", "-A", "--output", "name")

    def get(self, *what: str) -> Any:
        return json.loads(self.kubectl("--namespace", self.room, "get", *what, "--output", "json"))

    @property
    def room(self) -> str:
        return str(self.project.outputs()["namespace"])

    def refused(self) -> str:
        """Why an up fails; a component's failure makes the SDK print a traceback of its other registrations."""
        done = self.project.run("up", "--yes", "--skip-preview", check=False, traceback=True)
        assert done.returncode
        return done.stdout


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
    before = kit.objects()
    kit.project.run("preview")
    assert kit.objects() == before
    kit.project.up()
    outputs = kit.project.outputs()
    (service,) = kit.get("services")["items"]
    assert service["spec"]["clusterIP"] == outputs["clusterIP"]
    status = outputs["release"]
    assert (status["status"], status["chart"], status["version"]) == ("deployed", "tiny", "1.2.3")
    assert kit.get("configmap", status["name"])["data"] == {"secret": outputs["key"], "level": "a"}
    assert kit.project.is_unchanged()
    kit.give(kubeconfig=Path(kit.kubeconfig).read_text())
    assert "created" not in kit.project.up().stdout, "the same cluster by another kubeconfig"
    kit.project.destroy()
    assert kit.objects() == before


def test_what_is_changed_by_hand_is_seen_and_mended_and_what_another_manager_adds_stays(kit: Kit) -> None:
    kit.project.up()
    (service,) = kit.get("services")["items"]
    name = service["metadata"]["name"]
    annotate = ("--namespace", kit.room, "annotate", "service", name)
    kit.kubectl(*annotate, "--field-manager", "another", "d.e/f=of another's")
    assert kit.project.is_unchanged()
    kit.kubectl(*annotate, "--overwrite", "a.b/c=by hand")
    seen = kit.project.run("preview", "--refresh", "--expect-no-changes", check=False)
    assert seen.returncode
    assert "1 to update" in seen.stdout, seen.stdout
    kit.project.up("--refresh")
    annotations = kit.get("service", name)["metadata"]["annotations"]
    assert (annotations["a.b/c"], annotations["d.e/f"]) == ("one", "of another's")
    kit.kubectl("--namespace", kit.room, "delete", "service", name)
    kit.project.up("--refresh")
    assert kit.get("services")["items"]
    assert kit.project.is_unchanged()


def test_a_changed_secret_is_a_new_object_and_no_state_holds_it(kit: Kit) -> None:
    kit.project.up()
    key = kit.project.outputs()["key"]
    kit.give(token=NEXT)
    assert "plain-471" not in kit.project.run("preview", "--diff").stdout
    kit.project.up()
    outputs = kit.project.outputs()
    assert outputs["key"] != key
    (found,) = [each for each in kit.get("secrets")["items"] if each["type"] == "Opaque"]
    assert found["metadata"]["name"] == outputs["key"]
    assert base64.b64decode(found["data"]["token"]).decode() == NEXT
    assert outputs["release"]["revision"] == 2
    assert kit.get("configmap", outputs["release"]["name"])["data"]["secret"] == outputs["key"]
    state = kit.project.state()
    for secret in (SECRET, NEXT):
        assert secret not in state
        assert base64.b64encode(secret.encode()).decode() not in state
    assert kit.project.is_unchanged()


def test_what_fails_is_one_line_and_the_next_up_mends_it(kit: Kit) -> None:
    template = kit.chart / "templates" / "service.yaml"
    kit.give(values={})
    (line,) = {line.strip() for line in kit.refused().splitlines() if line.startswith("    error: helm")}
    assert "level: give one" in line
    template.write_text("{apiVersion: v1, kind: Service, metadata: {name: bad}, spec: {ports: [{port: 99999}]}}")
    kit.give(values={"level": "a"})
    assert 'failed to initialize: helm install: INSTALLATION FAILED: 1 error occurred: * Service "bad"' in kit.refused()
    template.unlink()
    kit.project.up()
    assert kit.project.outputs()["release"]["revision"] == 2, "what failed left a record"
    for more, why in REFUSED.items():
        kit.give(more=more.replace("ROOM", kit.room))
        assert why.replace("ROOM", kit.room) in kit.refused()
    kit.give(more="")
    kit.project.up()
    assert kit.project.is_unchanged()


def test_what_is_there_already_can_be_imported(kit: Kit) -> None:
    helm = ("helm", "install", "mine", kit.given["chart"], "--kubeconfig", kit.kubeconfig, "--set", "level=b")
    subprocess.run(helm, check=True, capture_output=True)
    kit.kubectl("create", "configmap", "theirs", "--from-literal=a=b")
    kit.give(more=IMPORTED)
    assert "= 2 imported" in kit.project.up().stdout
    assert kit.project.is_unchanged()
