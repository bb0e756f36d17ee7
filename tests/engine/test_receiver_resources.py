"""The resources that receivers in a cluster need, through the real engine, asked of a real API server without a kubelet."""

import json
from collections.abc import Callable
from typing import Any

from kubernetes import client, config

from k8s_audit.local_cluster import LocalCluster

NAMESPACE = "receiver-resources"
PROGRAM = """\
import json
import pulumi
from k8s_audit import MetricsApi, ReceiverCertificate, ReceiverPods

args = json.load(open("args.json"))
if "pods" in args:
    pulumi.export("pods", ReceiverPods("pods", **args["pods"]).pods)
if "metrics" in args:
    MetricsApi("metrics", args["metrics"])
if "names" in args:
    certificate = ReceiverCertificate("certificate", args["names"])
    pulumi.export("ca", certificate.ca)
    pulumi.export("key", certificate.key)
"""


def program(project: Any, **args: Any) -> None:
    (project.folder / "args.json").write_text(json.dumps(args))
    (project.folder / "__main__.py").write_text(PROGRAM)


def add_pod(cluster: LocalCluster, name: str, labels: dict[str, str]) -> None:
    core = client.CoreV1Api(config.new_client_from_config(str(cluster.kubeconfig)))
    meta: Any = {"name": NAMESPACE}
    if NAMESPACE not in [found.metadata.name for found in core.list_namespace().items if found.metadata]:
        core.create_namespace({"metadata": meta})  # type: ignore[arg-type]
        core.create_namespaced_service_account(NAMESPACE, {"metadata": {"name": "default"}})  # type: ignore[arg-type]
    container = {"name": "agent", "image": "agent"}
    body: Any = {"metadata": {"name": name, "labels": labels}, "spec": {"containers": [container]}}
    core.create_namespaced_pod(NAMESPACE, body)


def test_an_agent_that_is_not_there_is_named_by_up_with_those_that_are_and_found_when_it_comes(
    new_project: Callable[..., Any], cluster: LocalCluster
) -> None:
    project = new_project("config: {}\n")
    add_pod(cluster, "shield-1", {"app": "sysdig-shield"})
    selector = {"app": "sysdig-agent"}
    pods = {"kubeconfig": str(cluster.kubeconfig), "namespace": NAMESPACE, "selector": selector, "port": 7765}
    program(project, pods=pods)
    project.run("preview")
    failed = project.run("up", "--yes", "--skip-preview", check=False)
    assert failed.returncode
    assert f"no pod in namespace {NAMESPACE} has the labels app=sysdig-agent" in failed.stdout
    assert "shield-1 with app=sysdig-shield" in failed.stdout
    add_pod(cluster, "agent-1", selector)
    project.up()
    assert project.outputs()["pods"] == 1
    project.run("preview", "--expect-no-changes")
    core = client.CoreV1Api(config.new_client_from_config(str(cluster.kubeconfig)))
    core.delete_namespaced_pod("agent-1", NAMESPACE, grace_period_seconds=0)
    gone = project.run("up", "--yes", "--skip-preview", "--refresh", check=False)
    assert gone.returncode
    assert "no pod in namespace" in gone.stdout


def test_a_cluster_without_metrics_api_fails_up_with_the_mend(
    new_project: Callable[..., Any], cluster: LocalCluster
) -> None:
    project = new_project("config: {}\n")
    program(project, metrics=str(cluster.kubeconfig))
    failed = project.run("up", "--yes", "--skip-preview", check=False)
    assert failed.returncode
    assert "minikube addons enable metrics-server" in failed.stdout


def test_a_certificate_stays_from_one_up_to_the_next_and_its_key_is_nowhere_in_plain_text(
    new_project: Callable[..., Any],
) -> None:
    project = new_project("config: {}\n")
    program(project, names=["shield.sysdig.svc", "localhost"])
    printed = project.run("preview").stdout + project.up().stdout
    first = project.outputs()["ca"]
    printed += project.run("preview", "--expect-no-changes").stdout + project.up("--refresh").stdout
    assert project.outputs()["ca"] == first
    assert "PRIVATE KEY" not in printed + project.state()
    program(project, names=["shield.other.svc"])
    project.up()
    assert project.outputs()["ca"] != first
