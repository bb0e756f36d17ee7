"""The whole way of a GKE stack's events, by the real engine: a real API server, Google's own pstest, the real Bento, a real receiver.

In place of Google's are the entries that it makes of audit events, the router that sends them on, and the node.
"""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.standins.gke_log import GkeLog

from k8s_audit.local_cluster import LocalCluster
from tests.audited import audited
from tests.delivery.forwarder.bento import Receiver
from tests.engine.gcp import LOCATION, PROJECT, Cloud, google
from tests.project import Project
from tests.standins.log_export import Router
from tests.standins.log_shipping import LogShipping
from tests.standins.node import Node

STACK = """\
config:
  audit:cluster: {{name: shop-1, kubeconfig: "{kubeconfig}"}}
  audit:platform: {{kind: gke, project: payments, location: europe-west1, clusterName: prod-1}}
  audit:receivers:
  - {{kind: http, name: siem, url: "{url}"}}
  audit:forwarder: {{replicas: {replicas}, wait: false}}
"""
PATIENCE = 60.0


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with google() as made:
        yield made


@pytest.fixture
def shipped(cluster: LocalCluster, cloud: Cloud, tmp_path: Path) -> Iterator[None]:
    """Each event of the API server becomes an entry, and goes where the project's sinks say."""
    log, router = GkeLog("prod-1", LOCATION, PROJECT), Router(cloud.ask, PROJECT, cloud.pubsub)

    def send(lines: list[str]) -> None:
        router.take([log.entry(json.loads(line)) for line in lines])

    with audited(cluster, tmp_path, "metadata") as path, LogShipping(path, send):
        yield


def events(receiver: Receiver) -> list[dict[str, Any]]:
    return [event for body in list(receiver.bodies) for event in json.loads(body)["items"]]


def arrived(receiver: Receiver, verb: str, name: str) -> dict[str, Any]:
    """The event of a request, once it is there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        for event in events(receiver):
            if (event["verb"], event.get("objectRef", {}).get("name")) == (verb, name):
                return event
        assert time.monotonic() < deadline, f"no {verb} of {name}"
        time.sleep(0.1)


def test_an_event_of_the_cluster_is_at_the_receiver_and_that_is_proved(
    cluster: LocalCluster,
    cloud: Cloud,
    shipped: None,
    kubernetes_plugin: str,
    new_project: Callable[..., Project],
) -> None:
    cloud.cluster("prod-1")
    before = cloud.left()
    surroundings = {"PUBSUB_EMULATOR_HOST": cloud.pubsub.address}
    with Receiver(200) as receiver, Node(cluster.kubeconfig, surroundings) as node:
        given = {"kubeconfig": cluster.kubeconfig, "url": receiver.url}
        project = new_project(STACK.format(**given, replicas=1))
        project.variables |= cloud.variables()
        project.variables["PULUMI_DEBUG_PROVIDERS"] = f"{cloud.plugin},{kubernetes_plugin}"
        done = project.up(check=False)
        assert done.returncode == 0, done.stdout + node.log()
        assert "platform gke (data-access): the cloud fixes what is recorded" in done.stdout
        (check,) = project.outputs()["deliveryChecks"]
        assert (check["proof"], check["receiver"]) == ("forwarded", "siem")

        kubectl = ["kubectl", "--kubeconfig", str(cluster.kubeconfig)]
        subprocess.run([*kubectl, "create", "configmap", "a-change", "--from-literal", "a=b"], check=True)
        subprocess.run([*kubectl, "get", "secret", "a-read"], check=False, capture_output=True)
        subprocess.run([*kubectl, "delete", "configmap", "a-change"], check=True)
        change, read = arrived(receiver, "create", "a-change"), arrived(receiver, "get", "a-read")
        assert change["objectRef"]["resource"] == "configmaps"
        assert read["responseStatus"]["code"] == 404
        for event in (change, read):
            where = {"k8s-audit/cluster": "shop-1", "k8s-audit/region": LOCATION}
            assert event["annotations"].items() >= where.items()
        leases = [each for each in events(receiver) if each.get("objectRef", {}).get("resource") == "leases"]
        assert not [
            each for each in leases if each["verb"] == "update" and each["user"]["username"].startswith("system:")
        ]

        project.up("--expect-no-changes")
        project.write(STACK.format(**given, replicas=2))
        assert "~ 1 updated" in project.up().stdout
        assert len(node.pods) <= 2
        project.is_down = True
        project.destroy()
        assert cloud.left() == before
        assert cloud.audited() == {}
        found = subprocess.run([*kubectl, "get", "namespace", "k8s-audit"], capture_output=True, text=True)
        assert "NotFound" in found.stderr or "Terminating" in found.stdout
