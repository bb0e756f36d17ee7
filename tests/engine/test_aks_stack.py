"""A stack of kind aks by the real engine: its hubs are topics of a real Kafka (kfake), with fakes of Azure's API and of Pulumi's plugin in front."""

import base64
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from k8s_audit.local_cluster import LocalCluster
from tests.audited import audited
from tests.delivery.aks.cloud import record
from tests.delivery.forwarder.bento import Receiver
from tests.project import Project
from tests.standins import azure_cloud, azure_plugin, kafka
from tests.standins.azure_cloud import CENTRAL, SUBSCRIPTION
from tests.standins.event_hubs import Topics
from tests.standins.log_shipping import LogShipping
from tests.standins.node import Node

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/prod/providers"
STACK = """\
config:
  audit:cluster: {{name: {cluster}, kubeconfig: "{kubeconfig}"}}
  audit:platform: {{kind: aks, subscriptionId: {subscription}, resourceGroup: prod{settings}}}
  audit:forwarder: {forwarder}
  pulumi:disable-default-providers: ["*"]
"""
RECEIVERS = """\
  audit:receivers:
  - {kind: http, name: siem, url: "http://sysdig-agent.sysdig-agent.svc:7765/k8s_audit"}
"""
IMPATIENT = """\
  audit:delivery: {checkTimeout: 8s}
"""
BAD = {
    "": "cluster nowhere in resource group prod: ResourceNotFound: The Resource",
    ", clusterName: stopped": "cluster stopped in resource group prod: it is stopped",
    ", clusterName: prod-2, eventHubs: {existing: {namespace: not-there}}": "Event Hubs namespace not-there in resource group prod",
    ", clusterName: prod-2, vnetIntegration: {networkSecurityGroup: nodes, sourceRange: 10.0.0.0/28}": "no API Server VNet Integration",
}


@dataclass
class Azure:
    """Azure, as a test asks it."""

    url: str
    plugin: str
    topics: Topics
    hubs: kafka.Kafka

    def put(self, id: str, body: dict[str, Any]) -> None:
        httpx.put(self.url + id, json=body, trust_env=False).raise_for_status()

    def get(self, id: str) -> Any:
        answer = httpx.get(self.url + id, trust_env=False)
        return answer.json() if answer.is_success else None

    def cluster(self, name: str, **properties: Any) -> str:
        """Make one that no stack owns."""
        told = {"fqdn": f"{name}.hcp.westeurope.azmk8s.io", "provisioningState": "Succeeded"} | properties
        told.setdefault("powerState", {"code": "Running"})
        self.put(cluster_id(name), {"location": "westeurope", "properties": told})
        return name

    def left(self) -> list[str]:
        """IDs of all that there is, in both subscriptions."""
        found: list[str] = httpx.get(f"{self.url}/subscriptions/{SUBSCRIPTION}/all", trust_env=False).json()["ids"]
        return found

    def setting(self, cluster: str, name: str = "k8s-audit") -> Any:
        return self.get(f"{cluster_id(cluster)}/providers/Microsoft.Insights/diagnosticSettings/{name}")

    def monitor(self, cluster: str) -> Callable[[list[str]], None]:
        """What Azure Monitor does with lines of a cluster's audit log: into the hub of its setting, while there is one."""

        def send(lines: list[str]) -> None:
            if setting := self.setting(cluster):
                (category,) = on(setting)
                message = {"records": [record(line, category) for line in lines]}
                self.hubs.produce(setting["properties"]["eventHubName"], [json.dumps(message)])

        return send


class AzureNode(Node):
    """A node whose name server says that a namespace's address is kfake's, and which trusts its authority."""

    def __init__(self, cluster: LocalCluster, azure: Azure, **variables: str) -> None:
        authority = {"SSL_CERT_FILE": str(azure.hubs.authority_file)}
        super().__init__(cluster.kubeconfig, authority | variables)
        self.broker = azure.hubs.broker

    def _mounted(self, inside: str, volumes: list[Any], name: str) -> tuple[str, Path]:
        text, folder = super()._mounted(inside, volumes, name)
        return re.sub(r"[a-z0-9-]+\.servicebus\.windows\.net:9093", self.broker, text), folder


def cluster_id(name: str) -> str:
    return f"{GROUP}/Microsoft.ContainerService/managedClusters/{name}"


def on(setting: Any) -> set[str]:
    return {log["category"] for log in setting["properties"]["logs"] if log["enabled"]}


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    with kafka.running(tmp_path_factory.mktemp("kafka")) as hubs:
        topics = Topics(hubs.broker, str(hubs.authority_file), kafka.PASSWORD)
        with azure_cloud.running(**topics.variables()) as url, azure_plugin.attached(url) as plugin:
            yield Azure(url, plugin, topics, hubs)


@pytest.fixture
def stack(new_project: Callable[..., Project], azure: Azure) -> Callable[..., Project]:
    """Makes a project for a cluster; it can be written again with other settings."""

    def make(cluster: str, settings: str = "", **more: str) -> Project:
        project = new_project(text(cluster, settings, **more))
        project.variables |= {"PULUMI_DEBUG_PROVIDERS": azure.plugin}
        return project

    return make


def text(
    cluster: str,
    settings: str = "",
    forwarder: str = "none",
    kubeconfig: str = "/k",
    receivers: str = "",
    subscription: str = SUBSCRIPTION,
) -> str:
    made = STACK.format(
        cluster=cluster, settings=settings, forwarder=forwarder, kubeconfig=kubeconfig, subscription=subscription
    )
    return made + receivers


def test_it_comes_stays_changes_and_leaves_nothing(stack: Callable[..., Project], azure: Azure) -> None:
    name = azure.cluster("prod-1")
    before = azure.left(), azure.topics.partitions()
    project = stack(name)
    assert "+ 7 to create" in project.run("preview").stdout
    assert (azure.left(), azure.topics.partitions()) == before
    project.up()
    outputs = project.outputs()
    assert outputs["apiServer"] == "https://prod-1.hcp.westeurope.azmk8s.io:443"
    assert azure.topics.partitions()[outputs["eventHub"]] == 4
    assert on(azure.setting(name)) == {"kube-audit"}
    assert len(azure.setting(name)["properties"]["logs"]) > 1, "Azure returns those that are off"
    project.up("--expect-no-changes")
    project.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    project.up("--expect-no-changes")

    project.write(text(name, ", category: kube-audit-admin, eventHubs: {retentionDays: 7, maximumThroughputUnits: 9}"))
    project.up()
    assert on(azure.setting(name)) == {"kube-audit-admin"}
    hub = azure.get(
        f"{GROUP}/Microsoft.EventHub/namespaces/{outputs['eventHubsNamespace']}/eventhubs/{outputs['eventHub']}"
    )
    assert hub["properties"]["messageRetentionInDays"] == 7
    project.up("--expect-no-changes")
    project.destroy()
    project.is_down = True
    assert (azure.left(), azure.topics.partitions()) == before


def test_what_is_changed_by_hand_is_seen_and_mended(stack: Callable[..., Project], azure: Azure) -> None:
    name = azure.cluster("drifts")
    project = stack(name)
    project.up()
    setting = azure.setting(name)
    off = [log | {"enabled": log["category"] == "guard"} for log in setting["properties"]["logs"]]
    azure.put(setting["id"], {"properties": setting["properties"] | {"logs": off}})
    namespace = f"{GROUP}/Microsoft.EventHub/namespaces/{project.outputs()['eventHubsNamespace']}"
    grown = azure.get(namespace)
    azure.put(namespace, grown | {"sku": grown["sku"] | {"capacity": 3}})
    project.up("--refresh")
    assert on(azure.setting(name)) == {"kube-audit"}
    assert azure.get(namespace)["sku"]["capacity"] == 3, "Azure's own doing: it grows with the load"
    project.up("--expect-no-changes")


def test_a_fleet_writes_into_one_hub_of_another_subscription(stack: Callable[..., Project], azure: Azure) -> None:
    name = azure.cluster("of-a-fleet")
    namespace = f"/subscriptions/{CENTRAL}/resourceGroups/audit/providers/Microsoft.EventHub/namespaces/audit-central"
    azure.put(namespace, {"location": "westeurope", "sku": {"name": "Standard"}})
    hub = {"partitionCount": 4, "retentionDescription": {"retentionTimeInHours": 24}}
    azure.put(f"{namespace}/eventhubs/fleet", {"properties": hub})
    before = azure.left()
    existing = f"{{namespace: audit-central, subscriptionId: {CENTRAL}, resourceGroup: audit, hub: fleet}}"
    project = stack(name, f", eventHubs: {{existing: {existing}}}")
    project.up()
    made = [id for id in azure.left() if id not in before]
    assert [id.rpartition("/")[0].rpartition("/")[2] for id in made] == ["diagnosticSettings", "authorizationRules"]
    assert made[1].startswith(namespace)
    assert azure.setting(name)["properties"]["eventHubName"] == "fleet"
    project.up("--expect-no-changes")
    project.destroy()
    project.is_down = True
    assert azure.left() == before


def test_bad_input_is_one_message_before_anything_is_made(stack: Callable[..., Project], azure: Azure) -> None:
    azure.cluster("prod-2")
    azure.cluster("stopped", powerState={"code": "Stopped"})
    before = azure.left()
    project = stack("nowhere")
    for given, said in BAD.items():
        project.write(text("nowhere", given))
        failed = project.up(check=False)
        assert failed.returncode
        assert said in failed.stdout
    project.write(text("prod-2", subscription="00000000-0000-4000-8000-000000000009"))
    assert "cluster prod-2 in resource group prod: SubscriptionNotFound" in project.up(check=False).stdout
    assert azure.left() == before


def test_a_real_event_comes_to_the_receiver_and_is_proved_and_a_wrong_string_is_told(
    stack: Callable[..., Project], azure: Azure, cluster: LocalCluster, kubernetes_plugin: str, tmp_path: Path
) -> None:
    name = azure.cluster("flows")
    before = azure.left(), azure.topics.partitions()
    with Receiver(200) as receiver, audited(cluster, tmp_path, "metadata") as log:
        receivers = f"  audit:receivers:\n  - {{kind: http, name: siem, url: {receiver.url}}}\n"
        given: dict[str, str] = {"kubeconfig": str(cluster.kubeconfig), "receivers": receivers}
        project = stack(name, forwarder="{replicas: 1, wait: false}", **given)
        project.variables["PULUMI_DEBUG_PROVIDERS"] = f"{azure.plugin},{kubernetes_plugin}"
        project.write(text(name, forwarder="{replicas: 1, wait: false}", **given) + IMPATIENT)
        with LogShipping(log, azure.monitor(name)):
            with AzureNode(cluster, azure, EVENT_HUBS_CONNECTION_STRING="Endpoint=sb://another/"):
                failed = project.up(check=False)
            assert failed.returncode
            assert "(Event Hubs) the password is wrong, of which the log says nothing" in failed.stdout
            project.write(text(name, forwarder="{replicas: 1, wait: false}", **given))
            with AzureNode(cluster, azure):
                printed = project.up("--diff").stdout
                project.up("--expect-no-changes")
                project.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
        (proof,) = project.outputs()["deliveryChecks"]
        assert (proof["proof"], proof["receiver"]) == ("forwarded", "siem")
        items = {event["auditID"]: event for body in receiver.bodies for event in json.loads(body)["items"]}
        event = items[proof["auditID"]]
        assert event["annotations"]["k8s-audit/cluster"] == name
        assert event["annotations"]["k8s-audit/region"] == "westeurope"
        policy = kubectl(cluster, "--namespace", "k8s-audit", "get", "networkpolicies", "--output", "json")
        assert {"protocol": "TCP", "port": 9093} in [
            port for rule in json.loads(policy)["items"][0]["spec"]["egress"] for port in rule["ports"]
        ]
        everything = printed + failed.stdout + project.state()
        everything += kubectl(cluster, "--namespace", "k8s-audit", "get", "all,configmaps", "--output", "json")
        assert kafka.PASSWORD not in everything
        assert base64.b64encode(kafka.PASSWORD.encode()).decode() not in everything
        project.destroy()
        project.is_down = True
    assert (azure.left(), azure.topics.partitions()) == before


def test_the_seeds_way_and_the_nodes_let_the_api_server_in(
    stack: Callable[..., Project], azure: Azure, cluster: LocalCluster, kubernetes_plugin: str
) -> None:
    name = azure.cluster("seed-1", apiServerAccessProfile={"enableVnetIntegration": True})
    azure.put(f"{GROUP}/Microsoft.Network/networkSecurityGroups/nodes", {"location": "westeurope"})
    service = ["create", "service", "clusterip", "sysdig-agent", "--tcp=7765:7765"]
    kubectl(cluster, "create", "namespace", "aks-seed")
    kubectl(cluster, "--namespace", "aks-seed", *service)
    before = azure.left(), azure.topics.partitions()
    vnet = ", vnetIntegration: {networkSecurityGroup: nodes, sourceRange: 10.226.0.0/28}, receiverPorts: [5000, 6443]"
    project = stack(
        name,
        vnet,
        forwarder="{kind: sysdig, namespace: aks-seed, createNamespace: false}",
        kubeconfig=str(cluster.kubeconfig),
        receivers=RECEIVERS,
    )
    project.variables["PULUMI_DEBUG_PROVIDERS"] = f"{azure.plugin},{kubernetes_plugin}"
    printed = project.up("--diff").stdout
    assert "forwarder sysdig: it sends one event a request" in printed
    assert "insights-logs-kube-audit" in azure.topics.partitions()
    printed += project.up("--expect-no-changes", "--diff").stdout
    project.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    held = json.loads(kubectl(cluster, "--namespace", "aks-seed", "get", "secrets", "--output", "json"))
    (strings,) = [each["data"] for each in held["items"] if "EhubNamespaceConnectionString" in each["data"]]
    assert base64.b64decode(strings["EhubNamespaceConnectionString"]).decode() == kafka.PASSWORD
    assert "AccountKey=storage-key-1" in base64.b64decode(strings["BlobStorageConnectionString"]).decode()
    deployments = kubectl(cluster, "--namespace", "aks-seed", "get", "deployments", "--output", "json")
    everything = printed + project.state() + deployments
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
