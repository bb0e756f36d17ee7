"""A stack of kind aks by the real engine: its hubs are topics of a real Kafka (kfake), with fakes of Azure's API and of Pulumi's plugin in front."""

import base64
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from k8s_audit.local_cluster import LocalCluster
from tests.project import Project
from tests.standins import azure_cloud, azure_plugin, kafka
from tests.standins.azure_cloud import CENTRAL, SUBSCRIPTION
from tests.standins.event_hubs import Topics

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


def cluster_id(name: str) -> str:
    return f"{GROUP}/Microsoft.ContainerService/managedClusters/{name}"


def on(setting: Any) -> set[str]:
    return {log["category"] for log in setting["properties"]["logs"] if log["enabled"]}


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    with kafka.running(tmp_path_factory.mktemp("kafka")) as hubs:
        topics = Topics(hubs.broker, str(hubs.authority_file), kafka.PASSWORD)
        with azure_cloud.running(**topics.variables()) as url, azure_plugin.attached(url) as plugin:
            yield Azure(url, plugin, topics)


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


def test_the_seeds_way_and_the_nodes_let_the_api_server_in(
    stack: Callable[..., Project], azure: Azure, cluster: LocalCluster, kubernetes_plugin: str
) -> None:
    name = azure.cluster("seed-1", apiServerAccessProfile={"enableVnetIntegration": True})
    azure.put(f"{GROUP}/Microsoft.Network/networkSecurityGroups/nodes", {"location": "westeurope"})
    service = ["create", "service", "clusterip", "sysdig-agent", "--tcp=7765:7765"]
    kubectl(cluster, "create", "namespace", "sysdig-agent")
    kubectl(cluster, "--namespace", "sysdig-agent", *service)
    before = azure.left(), azure.topics.partitions()
    vnet = ", vnetIntegration: {networkSecurityGroup: nodes, sourceRange: 10.226.0.0/28}, receiverPorts: [5000, 6443]"
    project = stack(
        name,
        vnet,
        forwarder="{kind: sysdig, namespace: sysdig-agent, createNamespace: false}",
        kubeconfig=str(cluster.kubeconfig),
        receivers=RECEIVERS,
    )
    project.variables["PULUMI_DEBUG_PROVIDERS"] = f"{azure.plugin},{kubernetes_plugin}"
    printed = project.up("--diff").stdout
    assert "forwarder sysdig: it sends one event a request" in printed
    assert "insights-logs-kube-audit" in azure.topics.partitions()
    printed += project.up("--expect-no-changes", "--diff").stdout
    project.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    held = json.loads(kubectl(cluster, "--namespace", "sysdig-agent", "get", "secrets", "--output", "json"))
    (strings,) = [each["data"] for each in held["items"] if "EhubNamespaceConnectionString" in each["data"]]
    assert base64.b64decode(strings["EhubNamespaceConnectionString"]).decode() == kafka.PASSWORD
    assert "AccountKey=storage-key-1" in base64.b64decode(strings["BlobStorageConnectionString"]).decode()
    deployments = kubectl(cluster, "--namespace", "sysdig-agent", "get", "deployments", "--output", "json")
    everything = printed + project.state() + deployments
    for secret in (kafka.PASSWORD, "storage-key-1", *strings.values()):
        assert secret not in everything
    rules = [id for id in azure.left() if "/securityrules/" in id.lower()]
    assert azure.get(rules[0])["properties"]["destinationPortRanges"] == ["5000", "6443"]
    project.destroy()
    project.is_down = True
    assert (azure.left(), azure.topics.partitions()) == before
    assert kubectl(cluster, "--namespace", "sysdig-agent", "get", "services", "--output", "name").split() == [
        "service/sysdig-agent"
    ]
    kubectl(cluster, "delete", "namespace", "sysdig-agent")


def kubectl(cluster: LocalCluster, *arguments: str) -> str:
    command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
