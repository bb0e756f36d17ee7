"""A whole stack of kind aks by the real engine: from a request at a real API server to a receiver, and back to nothing.

What stands in: kfake for Event Hubs, fakes of Azure's API and of Pulumi's plugins, a node that runs the placed forwarder's real Bento
(tests/standins/node.py), Azure Monitor's shipping of the audit log (tests/standins/log_shipping.py).
"""

import base64
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.local_cluster import LocalCluster
from tests.audited import audited
from tests.delivery.forwarder.bento import Receiver
from tests.engine.aks_cloud import GROUP, Azure, AzureNode, serving, text
from tests.project import Project
from tests.standins import kafka
from tests.standins.log_shipping import LogShipping

KINDS = "all,configmaps,secrets,serviceaccounts,networkpolicies,poddisruptionbudgets"
RECEIVERS = """\
  audit:receivers:
  - {kind: http, name: siem, url: "http://sysdig-agent.sysdig-agent.svc:7765/k8s_audit"}
"""
IMPATIENT = """\
  audit:delivery: {checkTimeout: 8s}
"""


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    with serving(tmp_path_factory.mktemp("kafka")) as azure:
        yield azure


@pytest.fixture
def stack(new_project: Callable[..., Project], azure: Azure, kubernetes_plugin: str) -> Callable[..., Project]:
    """Makes a project for a cluster; it can be written again with other settings."""

    def make(written: str) -> Project:
        project = new_project(written)
        project.variables |= {"PULUMI_DEBUG_PROVIDERS": f"{azure.plugin},{kubernetes_plugin}"}
        return project

    return make


def events(receiver: Receiver) -> list[dict[str, Any]]:
    return [event for body in list(receiver.bodies) for event in json.loads(body)["items"]]


def taken_off(event: dict[str, Any]) -> dict[str, Any]:
    """An event without what we annotate."""
    left = {key: value for key, value in event["annotations"].items() if not key.startswith("k8s-audit/")}
    return {**event, "annotations": left} if left else {key: event[key] for key in event.keys() - {"annotations"}}


def test_events_reach_the_receiver_and_are_proved_and_a_wrong_string_is_told(
    stack: Callable[..., Project], azure: Azure, cluster: LocalCluster, tmp_path: Path
) -> None:
    name = azure.cluster("flows")
    before = azure.left(), azure.topics.partitions(), objects(cluster)
    with (
        Receiver(200) as receiver,
        audited(cluster, tmp_path, "metadata") as log,
        LogShipping(log, azure.monitor(name)),
    ):
        receivers = f"  audit:receivers: [{{kind: http, name: siem, url: {receiver.url}}}]\n"
        written = text(name, "", "{replicas: 1, wait: false}", str(cluster.kubeconfig), receivers)
        project = stack(written + IMPATIENT)
        with AzureNode(cluster, azure, EVENT_HUBS_CONNECTION_STRING="Endpoint=sb://another/"):
            failed = project.up(check=False)
        assert failed.returncode
        assert "(Event Hubs) the password is wrong, of which the log says nothing" in failed.stdout

        project.write(written)
        with AzureNode(cluster, azure) as node:
            printed = failed.stdout + project.up("--diff").stdout
            outputs = project.outputs()
            (proof,) = outputs["deliveryChecks"]
            assert (proof["proof"], proof["receiver"]) == ("forwarded", "siem"), node.log()
            azure.hubs.produce(outputs["eventHub"], ["no JSON"])
            letter = json.loads(azure.topics.first(outputs["deadLetter"]))
            assert (letter["record"], letter["cluster"]) == ("no JSON", name)
            project.run("preview", "--refresh", "--expect-no-changes")
            verified = project.command("verify", "--stack", project.stack, "--json")
            assert json.loads(verified.stdout)[0]["proof"] == "forwarded", verified.stderr
            asked = project.command("doctor", "--stack", project.stack)
            assert "1 pods, 1 of them ready\n  Events went to the dead letter (1)" in asked.stdout, asked.stdout
        arrived = {(event["auditID"], event["stage"]): event for event in events(receiver)}
        assert proof["auditID"] in {audit_id for audit_id, _ in arrived}
        made = {(event["auditID"], event["stage"]): event for event in map(json.loads, log.read_text().splitlines())}
        for key, event in arrived.items():
            assert event["annotations"]["k8s-audit/cluster"] == name
            assert event["annotations"]["k8s-audit/region"] == "westeurope"
            assert taken_off(event) == made[key]

        (policy,) = json.loads(inside(cluster, "networkpolicies"))["items"]
        ways = [port for rule in policy["spec"]["egress"] for port in rule["ports"]]
        assert {"protocol": "TCP", "port": 9093} in ways
        everything = printed + project.state() + inside(cluster, "all,configmaps")
        assert kafka.PASSWORD not in everything
        assert base64.b64encode(kafka.PASSWORD.encode()).decode() not in everything
        project.destroy()
        project.is_down = True
    assert (azure.left(), azure.topics.partitions(), objects(cluster)) == before


def test_the_seeds_way_and_the_nodes_let_the_api_server_in(
    stack: Callable[..., Project], azure: Azure, cluster: LocalCluster
) -> None:
    name = azure.cluster("seed-1", apiServerAccessProfile={"enableVnetIntegration": True})
    azure.put(f"{GROUP}/Microsoft.Network/networkSecurityGroups/nodes", {"location": "westeurope"})
    service = ["create", "service", "clusterip", "sysdig-agent", "--tcp=7765:7765"]
    kubectl(cluster, "create", "namespace", "aks-seed")
    kubectl(cluster, "--namespace", "aks-seed", *service)
    before = azure.left(), azure.topics.partitions()
    vnet = ", vnetIntegration: {networkSecurityGroup: nodes, sourceRange: 10.226.0.0/28}, receiverPorts: [5000, 6443]"
    forwarder = "{kind: sysdig, namespace: aks-seed, createNamespace: false}"
    project = stack(text(name, vnet, forwarder, str(cluster.kubeconfig), RECEIVERS))
    printed = project.up("--diff").stdout
    assert "forwarder sysdig: it sends one event a request" in printed
    assert "insights-logs-kube-audit" in azure.topics.partitions()
    printed += project.run("preview", "--refresh", "--diff", "--expect-no-changes").stdout
    held = json.loads(inside(cluster, "secrets", "aks-seed"))
    (strings,) = [each["data"] for each in held["items"] if "EhubNamespaceConnectionString" in each["data"]]
    assert base64.b64decode(strings["EhubNamespaceConnectionString"]).decode() == kafka.PASSWORD
    assert "AccountKey=storage-key-1" in base64.b64decode(strings["BlobStorageConnectionString"]).decode()
    everything = printed + project.state() + inside(cluster, "deployments", "aks-seed")
    for secret in (kafka.PASSWORD, "storage-key-1", *strings.values()):
        assert secret not in everything
    rules = [id for id in azure.left() if "/securityrules/" in id.lower()]
    assert azure.get(rules[0])["properties"]["destinationPortRanges"] == ["5000", "6443"]
    project.destroy()
    project.is_down = True
    assert (azure.left(), azure.topics.partitions()) == before
    assert kubectl(cluster, "--namespace", "aks-seed", "get", "services", "--output", "name").split() == [
        "service/sysdig-agent"
    ]
    kubectl(cluster, "delete", "namespace", "aks-seed", "--wait=false")  # there is no controller of namespaces


def kubectl(cluster: LocalCluster, *arguments: str) -> str:
    command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def inside(cluster: LocalCluster, kinds: str, namespace: str = "k8s-audit") -> str:
    return kubectl(cluster, "--namespace", namespace, "get", kinds, "--output", "json")


def objects(cluster: LocalCluster) -> str:
    named = kubectl(cluster, "get", KINDS, "-A", "--output", "name", "--ignore-not-found")
    return named + kubectl(cluster, "get", "namespaces", "--output", "name")
