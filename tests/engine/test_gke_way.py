"""The whole way of a GKE stack's events, by the real engine: a real API server, Google's own pstest, the real Bento, a real receiver.

What stands in for the rest: GKE's log entries (tests/standins/gke_log.py), Cloud Logging's router (log_export.py), a node that runs the placed
forwarder's real Bento (node.py), Pulumi's plugins.
"""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.local_cluster import LocalCluster
from tests.audited import audited
from tests.delivery.forwarder.bento import Receiver
from tests.engine.gcp import LOCATION, PROJECT, Cloud, google
from tests.project import Project
from tests.standins.gke_log import GkeLog
from tests.standins.log_export import Router
from tests.standins.log_shipping import LogShipping
from tests.standins.node import Node

KINDS = "all,configmaps,secrets,serviceaccounts,networkpolicies,poddisruptionbudgets"
STACK = """\
config:
  audit:cluster: {{name: shop-1, kubeconfig: "{kubeconfig}"}}
  audit:platform:
    kind: gke
    project: payments
    location: europe-west1
    clusterName: prod-1
    pubsub: {{{pubsub}}}
  audit:receivers:
  - {{kind: http, name: siem, url: "{url}"}}
  audit:forwarder: {{wait: false, replicas: {replicas}}}
  audit:delivery: {{checkTimeout: 2m}}
"""
FEEDER = """\
config:
  audit:cluster: {{name: edge-7}}
  audit:platform: {{kind: gke, project: edge-prod, location: europe-west1, pubsub: {{topic: {topic}}}}}
  audit:forwarder: none
"""
PATIENCE = 60.0


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with google() as made:
        yield made


def kubectl(cluster: LocalCluster, *arguments: str, check: bool = True) -> str:
    command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), *arguments]
    return subprocess.run(command, check=check, capture_output=True, text=True).stdout


def objects(cluster: LocalCluster) -> str:
    named = kubectl(cluster, "get", KINDS, "-A", "--output", "name", "--ignore-not-found")
    return named + kubectl(cluster, "get", "namespaces", "--output", "name")


def router(cloud: Cloud, cluster: str, project: str) -> Callable[[list[str]], None]:
    """Each event becomes an entry of a cluster's, and goes where its project's sinks say."""
    log, routed = GkeLog(cluster, LOCATION, project), Router(cloud.ask, project, cloud.pubsub)
    return lambda lines: routed.take([log.entry(json.loads(line)) for line in lines])


def events(receiver: Receiver) -> list[dict[str, Any]]:
    return [event for body in list(receiver.bodies) for event in json.loads(body)["items"]]


def arrived(receiver: Receiver, node: Node, verb: str, name: str) -> dict[str, Any]:
    """The event of a request, once it is there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        for event in events(receiver):
            if (event["verb"], event.get("objectRef", {}).get("name")) == (verb, name):
                return event
        assert time.monotonic() < deadline, f"no {verb} of {name}: {node.log()}"
        time.sleep(0.1)


def place_of(event: dict[str, Any]) -> tuple[str, str]:
    return event["annotations"]["k8s-audit/cluster"], event["annotations"]["k8s-audit/region"]


def test_events_reach_the_receiver_and_are_proved_through_a_change_and_nothing_is_left(
    new_project: Callable[..., Project],
    cloud: Cloud,
    cluster: LocalCluster,
    kubernetes_plugin: str,
    tmp_path: Path,
) -> None:
    cloud.cluster("prod-1")
    before = cloud.left(), objects(cluster)
    with (
        Receiver(200) as receiver,
        audited(cluster, tmp_path, "metadata") as log,
        LogShipping(log, router(cloud, "prod-1", PROJECT)),
        Node(cluster.kubeconfig, {"PUBSUB_EMULATOR_HOST": cloud.pubsub.address}) as node,
    ):

        def text(pubsub: str, replicas: int) -> str:
            given = {"kubeconfig": cluster.kubeconfig, "url": receiver.url}
            return STACK.format(**given, pubsub=pubsub, replicas=replicas)

        project = new_project(text("", 1))
        project.variables |= cloud.variables()
        project.variables["PULUMI_DEBUG_PROVIDERS"] = f"{cloud.plugin},{kubernetes_plugin}"
        done = project.up(check=False)
        assert done.returncode == 0, done.stdout + node.log()
        assert "platform gke (data-access): the cloud fixes what is recorded" in done.stdout
        (check,) = project.outputs()["deliveryChecks"]
        assert (check["proof"], check["receiver"]) == ("forwarded", "siem")

        kubectl(cluster, "create", "configmap", "a-change", "--from-literal", "a=b")
        kubectl(cluster, "get", "secret", "a-read", check=False)
        kubectl(cluster, "delete", "configmap", "a-change")
        written = {event["auditID"]: event for event in map(json.loads, log.read_text().splitlines())}
        for verb, name in (("create", "a-change"), ("get", "a-read"), ("delete", "a-change")):
            event = arrived(receiver, node, verb, name)
            original = written[event["auditID"]]
            for key in ("verb", "stage", "user.username", "responseStatus.code", "objectRef.resource", "sourceIPs"):
                assert _at(event, key) == _at(original, key), key
            assert place_of(event) == ("shop-1", LOCATION)
        renewed = [event for event in events(receiver) if event.get("objectRef", {}).get("resource") == "leases"]
        assert "update" not in {event["verb"] for event in renewed if event["user"]["username"].startswith("system:")}
        project.up("--expect-no-changes")
        asked = project.command("doctor", "--stack", project.stack)
        assert "forwarder k8s-audit/k8s-audit-forwarder: 1 pods, 1 of them ready" in asked.stdout
        assert (asked.returncode, "nothing is seen to be wrong" in asked.stdout) == (0, True), asked.stdout

        project.write(text("shared: true, retentionDays: 3", 2))
        project.up()
        cloud.cluster("edge-7", "edge-prod")
        feeder = new_project(FEEDER.format(topic=project.outputs()["topic"]), "a feeder")
        feeder.variables |= cloud.variables()
        feeder.up()
        topic = project.outputs()["topic"]
        sinks = [cloud.ask("GET", f"projects/{id}/sinks")["sinks"][0] for id in (PROJECT, "edge-prod")]
        assert cloud.members(topic) == {("roles/pubsub.publisher", sink["writerIdentity"]) for sink in sinks}
        line = json.dumps(written[check["auditID"]] | {"auditID": "of-the-feeder", "verb": "patch"})
        router(cloud, "edge-7", "edge-prod")([line])
        name = written[check["auditID"]]["objectRef"]["name"]
        assert place_of(arrived(receiver, node, "patch", name)) == ("edge-7", LOCATION)
        assert project.command("verify", "--stack", project.stack).returncode == 0, node.log()

        for one in (feeder, project):
            one.is_down = True
            one.destroy()
    assert (cloud.left(), objects(cluster)) == before
    assert cloud.audited() == cloud.audited("edge-prod") == {}


def _at(event: dict[str, Any], path: str) -> Any:
    value: Any = event
    for part in path.split("."):
        value = value[part]
    return value
