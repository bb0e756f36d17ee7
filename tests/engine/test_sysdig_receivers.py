"""The Sysdig receivers' lives through the real engine: real charts, installed by the real helm on a real API server.

In place of Pulumi's Kubernetes plugin, its stand-in. There is no kubelet, so no pod runs, and `wait: false` does not wait for one.
"""

import base64
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from k8s_audit.local_cluster import LocalCluster
from tests.project import Project
from tests.vendors.charts import folder

KEY, TOKEN, NEXT = "plain-access-4711", "plain-token-4711", "plain-next-4712"
PROGRAM = """\
import json
import pulumi
import k8s_audit
from pulumi_kubernetes import Provider

given = json.load(open("given.json"))
provider = Provider("cluster", kubeconfig=given["kubeconfig"], cluster_identifier="cluster-1")
args = given["args"] | {key: pulumi.Output.secret(text) for key, text in given["secrets"].items()}
receiver = getattr(k8s_audit, given["component"])("sysdig", args, pulumi.ResourceOptions(providers=[provider]))
for output in given["outputs"]:
    pulumi.export(output, getattr(receiver, output))
"""
CASES = [
    ("SysdigAgentReceiver", "agent", {"install": "agent"}, ("access_key",), ("url",)),
    ("SysdigAgentReceiver", "sysdig-deploy", {"install": "sysdig-deploy"}, ("access_key",), ("url",)),
    ("SysdigShieldReceiver", "shield", {}, ("access_key",), ("url", "ca", "tls_server_name")),
    ("ClusterShieldReceiver", "cluster-shield", {}, ("access_key",), ("url", "ca", "tls_server_name")),
    ("ClusterShieldReceiver", "cluster-shield", {"method": "validating_webhook"}, ("access_key",), ("url",)),
    (
        "AdmissionControllerReceiver",
        "admission-controller",
        {"autoscaling": {"enabled": False}, "admit": ["10.0.0.11/32"]},
        ("secure_api_token",),
        ("webhooks",),
    ),
    (
        "AdmissionControllerReceiver",
        "sysdig-deploy",
        {"install": "sysdig-deploy", "autoscaling": {"enabled": False}},
        ("secure_api_token", "access_key"),
        ("webhooks",),
    ),
]


class Kit:
    """A project, what its program reads, and the cluster by kubectl."""

    def __init__(self, project: Project, cluster: LocalCluster) -> None:
        self.project, self.kubeconfig = project, str(cluster.kubeconfig)
        self.given: dict[str, Any] = {"kubeconfig": self.kubeconfig}

    def give(self, **values: Any) -> None:
        self.given |= values
        (self.project.folder / "given.json").write_text(json.dumps(self.given))

    def kubectl(self, *arguments: str, given: str = "") -> str:
        command = ["kubectl", "--kubeconfig", self.kubeconfig, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, input=given).stdout

    def records(self, namespace: str) -> str:
        """All that Helm keeps of its releases, and all ConfigMaps, as text."""
        found = json.loads(self.kubectl("--namespace", namespace, "get", "secrets,configmaps", "--output", "json"))
        texts = []
        for item in found["items"]:
            if item.get("type") == "helm.sh/release.v1":
                packed = base64.b64decode(base64.b64decode(item["data"]["release"]))
                texts.append(subprocess.run(["gunzip"], input=packed, check=True, capture_output=True).stdout.decode())
            elif item["kind"] == "ConfigMap":
                texts.append(json.dumps(item["data"]))
        return "\n".join(texts)


@pytest.fixture
def kit(new_project: Callable[..., Project], cluster: LocalCluster, kubernetes_plugin: str) -> Kit:
    project = new_project("config: {}\n")
    project.variables["PULUMI_DEBUG_PROVIDERS"] = kubernetes_plugin
    (project.folder / "__main__.py").write_text(PROGRAM)
    return Kit(project, cluster)


@pytest.mark.parametrize(("component", "chart", "settings", "secrets", "outputs"), CASES)
def test_it_comes_stays_rotates_its_secret_and_leaves_nothing(
    component: str, chart: str, settings: dict[str, Any], secrets: list[str], outputs: list[str], kit: Kit
) -> None:
    namespace = "sysdig-test"
    given = {"chart": {"path": str(folder() / "sysdig" / chart)}, "namespace": namespace, "wait": False, **settings}
    args: dict[str, Any] = {"cluster": "prod-1", "settings": given}
    if component in ("SysdigAgentReceiver", "AdmissionControllerReceiver"):
        args["kubeconfig"] = kit.kubeconfig
    before = kit.kubectl("get", "all,secrets,clusterroles,validatingwebhookconfigurations", "-A", "--output", "name")
    kit.give(component=component, args=args, outputs=outputs, secrets=dict.fromkeys(secrets, KEY))
    printed = kit.project.run("up", "--yes").stdout  # its preview, then the update
    found = kit.project.outputs()
    if found.get("url"):
        services = json.loads(kit.kubectl("--namespace", namespace, "get", "services", "--output", "json"))["items"]
        addresses = {service["spec"]["clusterIP"] for service in services}
        assert found["url"].split("//")[1].split(":")[0] in addresses

    names = kit.kubectl("--namespace", namespace, "get", "secrets", "--output", "name")
    kit.give(secrets=dict.fromkeys(secrets, NEXT))
    printed += kit.project.up("--diff").stdout
    assert kit.kubectl("--namespace", namespace, "get", "secrets", "--output", "name") != names
    assert kit.project.is_unchanged()
    everything = printed + kit.project.state() + kit.records(namespace)
    for text in (KEY, NEXT):
        assert text not in everything
        assert base64.b64encode(text.encode()).decode() not in everything

    kit.project.destroy()
    left = kit.kubectl("get", "all,secrets,clusterroles,validatingwebhookconfigurations", "-A", "--output", "name")
    assert left == before


def test_a_service_with_another_address_is_seen_and_changes_the_url(kit: Kit, cluster: LocalCluster) -> None:
    namespace = "agent-is-there"
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "agent", "namespace": namespace, "labels": {"app": "sysdig-agent"}},
        "spec": {"containers": [{"name": "agent", "image": "agent"}]},
    }
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": namespace}}
    kit.kubectl("create", "namespace", namespace)
    for body in (account, pod):
        kit.kubectl("create", "-f", "-", given=json.dumps(body))
    args = {"cluster": "prod-1", "kubeconfig": kit.kubeconfig, "settings": {"namespace": namespace}}
    kit.give(component="SysdigAgentReceiver", args=args, outputs=["url"], secrets={})
    kit.project.up()
    first = kit.project.outputs()["url"]
    service = json.loads(kit.kubectl("--namespace", namespace, "get", "service", "sysdig-agent", "--output", "json"))
    assert first == f"http://{service['spec']['clusterIP']}:7765/k8s_audit"
    assert kit.project.is_unchanged()

    kit.kubectl("--namespace", namespace, "delete", "service", "sysdig-agent")
    again = {key: service["metadata"][key] for key in ("name", "namespace", "labels")}
    ports = {"selector": service["spec"]["selector"], "ports": service["spec"]["ports"]}
    kit.kubectl(
        "create", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": again, "spec": ports})
    )
    kit.project.up("--refresh")
    moved = kit.kubectl("--namespace", namespace, "get", "service", "sysdig-agent", "-o", "jsonpath={.spec.clusterIP}")
    assert kit.project.outputs()["url"] == f"http://{moved}:7765/k8s_audit" != first
