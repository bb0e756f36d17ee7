"""The forwarder's life through the real engine, with its objects on a real API server.

In place of Pulumi's Kubernetes plugin, its stand-in. There is no kubelet, so no pod runs, and `wait: false` does not wait for one.
"""

import base64
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from k8s_audit.local_cluster import LocalCluster
from tests.delivery.forwarder.bento import pipeline
from tests.project import Project

PASSWORD, PEM, NEXT = "plain-password-4711", "plain-pem-4711", "plain-next-4712"
NAMESPACE = "audit-forwarder-test"
PROGRAM = """\
import json
import pulumi
from k8s_audit import Forwarder
from pulumi_kubernetes import Provider

given = json.load(open("given.json"))
provider = Provider("cluster", kubeconfig=given["kubeconfig"], cluster_identifier="cluster-1")
secrets = {
    kind: {key: pulumi.Output.secret(text) for key, text in given[kind].items()}
    for kind in ("secret_environment", "secret_files")
}
args = {"pipeline": given["pipeline"], "settings": given["settings"]} | secrets
forwarder = Forwarder("forwarder", args, pulumi.ResourceOptions(providers=[provider]))
for output in ("namespace", "deployment", "service_account"):
    pulumi.export(output, getattr(forwarder, output))
"""
SETTINGS: dict[str, Any] = {
    "namespace": NAMESPACE,
    "network": {"receivers": [{"namespace": "falco", "ports": [9765]}]},
    "monitoring": {"dashboard": True},
    "wait": False,
}


class Kit:
    """A project, what its program reads, and the cluster by kubectl."""

    def __init__(self, project: Project, cluster: LocalCluster) -> None:
        self.project, self.kubeconfig = project, str(cluster.kubeconfig)
        self.given: dict[str, Any] = {}
        self.printed = ""
        self.give(
            kubeconfig=self.kubeconfig,
            pipeline=pipeline(),
            settings=SETTINGS,
            secret_environment={"EVENT_HUBS_CONNECTION_STRING": PASSWORD},
            secret_files={"client.key": PEM},
        )

    def give(self, **values: Any) -> None:
        self.given |= values
        (self.project.folder / "given.json").write_text(json.dumps(self.given))

    def up(self) -> None:
        """`up`, and a second one that changes nothing."""
        self.printed += self.project.up("--diff").stdout
        self.project.up("--expect-no-changes")

    def kubectl(self, *arguments: str) -> str:
        command = ["kubectl", "--kubeconfig", self.kubeconfig, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def all(self) -> str:
        kinds = "all,secrets,configmaps,serviceaccounts,poddisruptionbudgets,networkpolicies,horizontalpodautoscalers"
        names = self.kubectl("get", kinds, "-A", "--output", "name", "--ignore-not-found")
        return names + self.kubectl("get", "namespaces", "--output", "name")

    def objects(self, kind: str) -> list[dict[str, Any]]:
        text = self.kubectl("--namespace", NAMESPACE, "get", kind, "--output", "json")
        found: list[dict[str, Any]] = json.loads(text)["items"]
        return found

    def pod(self) -> dict[str, Any]:
        (deployment,) = self.objects("deployments")
        assert deployment["metadata"]["name"] == "forwarder"
        spec: dict[str, Any] = deployment["spec"]["template"]["spec"]
        return spec

    def held(self) -> tuple[str, ...]:
        """Names of the ConfigMap and the Secrets in the pods: another name, other pods."""
        pod = self.pod()
        (variable,) = [each for each in pod["containers"][0]["env"] if "valueFrom" in each]
        return (
            pod["volumes"][0]["configMap"]["name"],
            variable["valueFrom"]["secretKeyRef"]["name"],
            pod["volumes"][1]["secret"]["secretName"],
        )


@pytest.fixture
def kit(new_project: Callable[..., Project], cluster: LocalCluster, kubernetes_plugin: str) -> Kit:
    project = new_project("config: {}\n")
    project.variables["PULUMI_DEBUG_PROVIDERS"] = kubernetes_plugin
    (project.folder / "__main__.py").write_text(PROGRAM)
    return Kit(project, cluster)


def test_it_comes_stays_rolls_with_pipeline_and_secrets_and_leaves_nothing(kit: Kit) -> None:
    before = kit.all()
    kit.printed += kit.project.run("preview", "--diff").stdout
    kit.up()
    kit.project.run("preview", "--refresh", "--expect-no-changes")
    assert kit.project.outputs() == {
        "namespace": NAMESPACE,
        "deployment": "forwarder",
        "service_account": "k8s-audit-forwarder",
    }
    first = kit.held()

    kit.give(pipeline=pipeline("http://another.example.com/"))
    kit.up()
    second = kit.held()
    assert second[0] != first[0]
    assert second[1:] == first[1:]
    texts = [each["data"]["pipeline.yaml"] for each in kit.objects("configmaps") if "pipeline.yaml" in each["data"]]
    assert len(texts) == 1
    assert "another.example.com" in texts[0]

    kit.give(secret_environment={"EVENT_HUBS_CONNECTION_STRING": NEXT})
    kit.up()
    third = kit.held()
    assert third[1] != second[1]
    assert (third[0], third[2]) == (second[0], second[2])
    assert {each["metadata"]["name"] for each in kit.objects("secrets")} == set(third[1:])

    kit.give(secret_files={"client.key": NEXT})
    kit.up()
    assert kit.held()[2] != third[2]
    stored = {text for each in kit.objects("secrets") for text in each["data"].values()}
    assert stored == {base64.b64encode(NEXT.encode()).decode()}

    everything = kit.printed + kit.project.state() + json.dumps(kit.objects("configmaps") + kit.objects("deployments"))
    for text in (PASSWORD, PEM, NEXT):
        assert text not in everything
        assert base64.b64encode(text.encode()).decode() not in everything
    kit.project.destroy()
    assert kit.all() == before


def test_more_replicas_change_in_place_and_an_autoscaler_takes_over(kit: Kit) -> None:
    kit.up()
    kit.give(settings=SETTINGS | {"replicas": 4})
    kit.up()
    (deployment,) = kit.objects("deployments")
    assert deployment["spec"]["replicas"] == 4
    kit.give(settings=SETTINGS | {"autoscaling": {"maxReplicas": 8}})
    kit.up()
    (autoscaler,) = kit.objects("horizontalpodautoscalers")
    assert autoscaler["spec"]["scaleTargetRef"]["name"] == "forwarder"
    assert kit.objects("deployments")[0]["metadata"]["uid"] == deployment["metadata"]["uid"]


def test_bad_settings_are_one_message_and_nothing_is_made(kit: Kit) -> None:
    before = kit.all()
    kit.give(settings=SETTINGS | {"memory": "64Mi", "replicaz": 3}, pipeline="")
    done = kit.project.run("up", "--yes", "--skip-preview", check=False, traceback=True)
    assert done.returncode != 0
    assert "forwarder.memory: at least 256Mi is needed; given: '64Mi'" in done.stdout
    assert "forwarder.replicaz: unknown key; did you mean replicas" in done.stdout
    assert kit.all() == before
