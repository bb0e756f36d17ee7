"""Falco through the real engine: its chart installed by the real helm on a real API server, and the stack around it.

In place of Pulumi's Kubernetes plugin, its stand-in. There is no kubelet and no kube-proxy, so no pod runs and nobody
answers at the ClusterIP: the stack's `up` ends at the receiver's contract, as it must.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from k8s_audit.local_cluster import LocalCluster
from tests.engine.test_sysdig_receivers import Kit
from tests.project import Project
from tests.vendors.charts import folder

NAMESPACE = "falco-test"
PROGRAM = """\
import json
import pulumi
from k8s_audit import FalcoReceiver
from pulumi_kubernetes import Provider

given = json.load(open("given.json"))
provider = Provider("cluster", kubeconfig=given["kubeconfig"], cluster_identifier="cluster-1")
falco = FalcoReceiver("falco", {"settings": given["settings"]}, pulumi.ResourceOptions(providers=[provider]))
for output in ("url", "ca", "tls_server_name"):
    pulumi.export(output, getattr(falco, output))
"""
KINDS = "all,secrets,configmaps,networkpolicies,poddisruptionbudgets,clusterroles,namespaces"


@pytest.fixture
def kit(new_project: Callable[..., Project], cluster: LocalCluster, kubernetes_plugin: str) -> Kit:
    project = new_project("config: {}\n")
    project.variables["PULUMI_DEBUG_PROVIDERS"] = kubernetes_plugin
    (project.folder / "__main__.py").write_text(PROGRAM)
    return Kit(project, cluster)


def settings(**more: Any) -> dict[str, Any]:
    return {"chart": {"path": str(folder() / "falcosecurity" / "falco")}, "wait": False, "namespace": NAMESPACE} | more


def test_it_comes_with_tls_stays_changes_its_rules_and_leaves_nothing(kit: Kit) -> None:
    before = kit.kubectl("get", KINDS, "-A", "--output", "name")
    kit.give(settings=settings(tls=True, admit=["10.0.0.11/32"]))
    printed = kit.project.run("up", "--yes").stdout  # its preview, then the update
    found = kit.project.outputs()
    service = json.loads(kit.kubectl("-n", NAMESPACE, "get", "service", "falco-k8saudit", "--output", "json"))
    assert found["url"] == f"https://{service['spec']['clusterIP']}:9765/k8s-audit"
    assert found["tls_server_name"] == f"falco-k8saudit.{NAMESPACE}.svc"
    assert kit.project.is_unchanged()

    (name,) = [
        one for one in kit.kubectl("-n", NAMESPACE, "get", "secrets", "-o", "name").split() if "falco-tls" in one
    ]
    pem = kit.kubectl(
        "-n", NAMESPACE, "get", name, "--output", 'go-template={{index .data "falco.pem" | base64decode}}'
    )
    assert pem.startswith("-----BEGIN PRIVATE KEY-----")
    assert "-----BEGIN CERTIFICATE-----" in pem
    rule = "- rule: Ours\n  desc: ours\n  condition: kcreate\n  output: x\n  priority: INFO\n  source: k8s_audit\n"
    kit.give(settings=settings(tls=True, admit=["10.0.0.11/32"], rules={"ours.yaml": rule}))
    printed += kit.project.up("--diff").stdout
    assert "rule: Ours" in kit.records(NAMESPACE)
    everything = printed + kit.project.state() + kit.records(NAMESPACE)
    assert pem.splitlines()[1] not in everything
    assert "BEGIN PRIVATE KEY" not in everything

    kit.project.destroy()
    assert kit.kubectl("get", KINDS, "-A", "--output", "name") == before


def with_receiver(stack: str, receiver: dict[str, Any]) -> str:
    lines = stack.splitlines(keepends=True)
    return "".join(f"  - {json.dumps(receiver)}\n" if "kind: recorder" in line else line for line in lines)


def test_a_stack_whose_falco_does_not_answer_leaves_the_api_server_alone_and_the_commands_say_so(
    new_project: Callable[..., Project],
    kubeadm_stack: Callable[..., str],
    kubernetes_plugin: str,
    cluster: LocalCluster,
) -> None:
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before = manifest.read_bytes()
    receiver = {"kind": "falco", "name": "falco"} | settings()
    project = new_project(with_receiver(kubeadm_stack("{maxWait: 100ms, checkTimeout: 3s}"), receiver))
    project.variables["PULUMI_DEBUG_PROVIDERS"] = kubernetes_plugin
    asked = project.command("doctor", "--stack", project.stack)
    assert asked.returncode == 1
    assert f"its Service {NAMESPACE}/falco-k8saudit is not in the cluster; `up` brings it there" in asked.stdout
    assert project.command("verify", "--stack", project.stack).returncode == 1

    failed = project.up(check=False)
    assert failed.returncode != 0
    assert "host cp-1: receiver falco would not take its events, so nothing was changed: http://10." in failed.stdout
    assert manifest.read_bytes() == before
    asked = project.command("doctor", "--stack", project.stack)
    assert asked.returncode == 1
    assert "in the way: host cp-1: receiver falco would not take its events" in asked.stdout
    verified = project.command("verify", "--stack", project.stack)
    assert verified.returncode == 1
    assert "did not reach receiver falco" in verified.stderr
    project.destroy()
    assert manifest.read_bytes() == before


def test_a_stack_of_admission_reviews_changes_no_api_server_and_proves_or_fails_by_its_counters(
    new_project: Callable[..., Project],
    kubeadm_stack: Callable[..., str],
    kubernetes_plugin: str,
    cluster: LocalCluster,
) -> None:
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before = manifest.read_bytes()
    receiver = {
        "kind": "sysdig-shield",
        "name": "shield",
        "namespace": "shield-test",
        "method": "validating_webhook",
        "chart": {"path": str(folder() / "sysdig" / "shield")},
        "wait": False,
    }
    project = new_project(with_receiver(kubeadm_stack("{checkTimeout: 5s}"), receiver))
    project.variables["PULUMI_DEBUG_PROVIDERS"] = kubernetes_plugin
    project.run("config", "set", "--secret", "sysdigAccessKey", "key-4711")
    preview = project.run("preview").stdout
    assert "k8s-audit:index:AdmissionCheck" in preview
    assert "StaticPodAudit" not in preview
    failed = project.up(check=False)
    assert failed.returncode != 0
    assert "receiver shield reviewed no marked request within 5 s" in failed.stdout
    assert "webhook audit.secure.sysdig.com does not answer, and the API server lets requests pass" in failed.stdout
    assert manifest.read_bytes() == before
    verified = project.command("verify", "--stack", project.stack)
    assert verified.returncode == 1
    assert "not proved" in verified.stderr
    doctor = project.command("doctor", "--stack", project.stack)
    assert doctor.returncode == 1
    assert "wrong: the API server does not reach the webhook" in doctor.stdout
    project.destroy()
