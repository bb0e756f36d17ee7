"""Azure of the AKS tests as a test asks it: hubs are topics of a real Kafka (kfake), with fakes of Azure's API and of Pulumi's plugin in front."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from k8s_audit.local_cluster import LocalCluster
from tests.delivery.aks.cloud import record
from tests.standins import azure_cloud, azure_plugin, kafka
from tests.standins.azure_cloud import SUBSCRIPTION
from tests.standins.event_hubs import Topics
from tests.standins.node import Node

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/prod/providers"
STACK = """\
config:
  audit:cluster: {{name: {cluster}, kubeconfig: "{kubeconfig}"}}
  audit:platform: {{kind: aks, subscriptionId: {subscription}, resourceGroup: prod{settings}}}
  audit:forwarder: {forwarder}
  pulumi:disable-default-providers: [azure-native, kubernetes]
"""


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


@contextmanager
def serving(folder: Path) -> Iterator[Azure]:
    """All of it in processes of their own.

    Args:
        folder: for certificates.
    """
    with kafka.running(folder) as hubs:
        topics = Topics(hubs.broker, str(hubs.authority_file), kafka.PASSWORD)
        with azure_cloud.running(**topics.variables()) as url, azure_plugin.attached(url) as plugin:
            yield Azure(url, plugin, topics, hubs)
