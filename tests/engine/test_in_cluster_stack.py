"""Whole stacks whose receiver is in the cluster: from its Service's ClusterIP to the proof of delivery, and back.

There is no kube-proxy: the control plane of these tests gives its Services ClusterIPs of 127.96.0.0/16, which on Linux are
this machine's own, and the stand-in of a receiver listens there in the pods' place. That is also why the charts' pods, which
nothing runs, are not waited for.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.local_cluster import LocalCluster, Ports
from tests.project import Project, free_ports
from tests.standins.falco import FalcoLike
from tests.vendors.charts import folder

AGENT_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "agent", "namespace": "sysdig-agent", "labels": {"app": "sysdig-agent"}},
    "spec": {"containers": [{"name": "sysdig", "image": "sysdig/agent", "ports": [{"containerPort": 7765}]}]},
}


class LoopbackServices(LocalCluster):
    """A control plane whose Services have addresses of this machine."""

    def _configuration(self, certificates: Path) -> str:
        return super()._configuration(certificates) + "networking: {serviceSubnet: 127.96.0.0/16}\n"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    made = LoopbackServices(tmp_path_factory.mktemp("loopback services") / "cp", Ports(*free_ports(3)))
    try:
        made.create()
        yield made
    finally:
        made.delete()


@pytest.fixture
def kubectl(cluster: LocalCluster) -> Callable[..., str]:
    def run(*arguments: str, given: str = "") -> str:
        command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, input=given).stdout

    return run


@pytest.fixture
def stack_of(
    new_project: Callable[..., Project], kubeadm_stack: Callable[..., str], kubernetes_plugin: str
) -> Callable[[dict[str, Any]], Project]:
    """A project of a stack with one receiver."""

    def make(receiver: dict[str, Any]) -> Project:
        lines = kubeadm_stack().splitlines(keepends=True)
        text = "".join(f"  - {json.dumps(receiver)}\n" if "kind: recorder" in line else line for line in lines)
        project = new_project(text)
        project.variables["PULUMI_DEBUG_PROVIDERS"] = kubernetes_plugin
        return project

    return make


def test_events_reach_an_agent_that_is_there_and_follow_its_service_to_another_address(
    stack_of: Callable[..., Project], cluster: LocalCluster, kubectl: Callable[..., str]
) -> None:
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before = manifest.read_bytes()
    project = stack_of({"kind": "sysdig-agent", "name": "sysdig"})
    kubectl("create", "namespace", "sysdig-agent")
    missing = project.up(check=False)
    assert missing.returncode != 0
    assert "no pod" in missing.stdout
    assert manifest.read_bytes() == before

    kubectl("--namespace", "sysdig-agent", "create", "serviceaccount", "default")  # no controller makes it here
    kubectl("create", "--filename", "-", given=json.dumps(AGENT_POD))
    with FalcoLike(port=7765, path="/k8s_audit", address="0.0.0.0") as agent:
        project.up()
        (check,) = project.outputs()["deliveryChecks"]
        assert check["proof"] == "accepted"
        assert check["auditID"] in agent.received
        assert project.is_unchanged()
        assert project.command("verify", "--stack", project.stack).returncode == 0
        assert project.command("doctor", "--stack", project.stack).returncode == 0

        service = ("--namespace", "sysdig-agent", "service", "sysdig-agent")
        address = kubectl("get", *service, "--output", "jsonpath={.spec.clusterIP}")
        assert f"http://{address}:7765/k8s_audit" in (cluster.folder / "etc/k8s-audit/webhook.yaml").read_text()
        kubectl("delete", *service)
        project.up("--refresh")
        moved = kubectl("get", *service, "--output", "jsonpath={.spec.clusterIP}")
        assert moved != address
        assert moved in (cluster.folder / "etc/k8s-audit/webhook.yaml").read_text()
        assert project.outputs()["deliveryChecks"][0]["auditID"] in agent.received

    died = project.command("verify", "--stack", project.stack)
    assert died.returncode == 1
    assert "Its way ends at the receiver" in died.stderr
    seen = project.command("doctor", "--stack", project.stack)
    assert seen.returncode == 1
    assert "nothing listens on that port there" in seen.stdout
    project.destroy()
    assert manifest.read_bytes() == before
    assert kubectl("get", "services", "--all-namespaces", "--output", "name").split() == ["service/kubernetes"]


def test_events_reach_falco_at_the_address_of_its_charts_service_within_its_limits(
    stack_of: Callable[..., Project], cluster: LocalCluster, kubectl: Callable[..., str]
) -> None:
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before = manifest.read_bytes()
    chart = {"path": str(folder() / "falcosecurity" / "falco")}
    falco_chart = {"kind": "falco", "name": "falco", "namespace": "falco", "chart": chart, "wait": False}
    project = stack_of(falco_chart | {"admit": ["konnectivity", "10.0.0.11/32"]})
    with FalcoLike(port=9765, address="0.0.0.0") as falco:
        project.up()
        assert project.outputs()["deliveryChecks"][0]["auditID"] in falco.received
        assert "--audit-webhook-truncate-max-event-size=262144" in manifest.read_text()
        assert project.is_unchanged()
        assert not falco.dropped
        policy = json.loads(kubectl("--namespace", "falco", "get", "networkpolicies", "--output", "json"))["items"][0]
        assert len(policy["spec"]["ingress"][0]["from"]) == 3, "two labels of konnectivity's agents, one address"
        project.destroy()
    assert manifest.read_bytes() == before
    assert kubectl("get", "services", "--all-namespaces", "--output", "name").split() == ["service/kubernetes"]
    assert "falco" not in kubectl("get", "namespaces", "--output", "name")
