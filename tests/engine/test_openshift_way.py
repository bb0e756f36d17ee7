"""The whole way of an OpenShift stack's events, by the real engine: a real API server with OpenShift's CRDs, the real Bento, a real receiver.

What stands in for the rest: the operator that rolls a profile and the logging operator's collector (tests/standins/openshift.py), a node that runs
the placed forwarder's real Bento (node.py), Pulumi's Kubernetes plugin.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from k8s_audit.local_cluster import LocalCluster
from tests.audited import audited
from tests.delivery.forwarder.bento import Receiver
from tests.delivery.way import wait_until
from tests.project import Project
from tests.standins.log_shipping import LogShipping
from tests.standins.node import Node
from tests.standins.openshift import Operator, collector, openshift, restricted

KINDS = "all,configmaps,secrets,serviceaccounts,networkpolicies,poddisruptionbudgets,clusterlogforwarders"
STACK = """\
config:
  audit:cluster: {{name: prod-1, kubeconfig: "{kubeconfig}"}}
  audit:platform: {{kind: openshift, logging: 5, profile: {profile}}}
  audit:receivers:
  - {{kind: http, name: siem, url: "{url}"}}
  audit:forwarder: {{wait: false, replicas: 1, filters: [{{users: ["system:*"], verbs: [{verbs}]}}]}}
  audit:delivery: {{checkTimeout: 2m}}
"""
PORT = 8443


def kubectl(cluster: LocalCluster, *arguments: str) -> str:
    command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def objects(cluster: LocalCluster) -> str:
    """All but what the operator writes: revisions of policies."""
    named = kubectl(cluster, "get", KINDS, "-A", "--output", "name") + kubectl(
        cluster, "get", "namespaces,clusterrolebindings", "--output", "name"
    )
    return "\n".join(line for line in named.splitlines() if "audit-policies-" not in line)


def events(receiver: Receiver) -> list[dict[str, Any]]:
    return [event for body in list(receiver.bodies) for event in json.loads(body)["items"]]


def arrived(receiver: Receiver, verb: str, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def look() -> bool:
        found[:] = [
            event
            for event in events(receiver)
            if (event["verb"], event.get("objectRef", {}).get("name")) == (verb, name)
        ]
        return bool(found)

    wait_until(look, f"no {verb} of {name}")
    return found[0]


def test_the_profile_is_rolled_and_the_collectors_events_reach_the_receiver_and_all_is_taken_back(
    new_project: Callable[..., Project], cluster: LocalCluster, kubernetes_plugin: str, tmp_path: Path
) -> None:
    with (
        openshift(cluster.kubeconfig) as api,
        Receiver(200) as receiver,
        audited(cluster, tmp_path, "metadata") as log,
        Node(cluster.kubeconfig, admit=restricted) as node,
        LogShipping(log, collector(api, lambda: node.inlets[PORT])) as shipping,
        Operator(api) as operator,
    ):
        before = objects(cluster)

        def text(profile: str, verbs: str) -> str:
            given = {"kubeconfig": cluster.kubeconfig, "url": receiver.url}
            return STACK.format(**given, profile=profile, verbs=verbs)

        project = new_project(text("WriteRequestBodies", "get"))
        project.variables["PULUMI_DEBUG_PROVIDERS"] = kubernetes_plugin
        done = project.up(check=False)
        assert done.returncode == 0, done.stdout + node.log() + shipping.refusal
        assert operator.rolled == [{"profile": "WriteRequestBodies"}]
        outputs = project.outputs()
        (check,) = outputs["deliveryChecks"]
        assert (check["proof"], check["receiver"]) == ("forwarded", "siem")
        kubectl(cluster, "create", "configmap", "a-change", "--from-literal", "a=b")
        event = arrived(receiver, "create", "a-change")
        written = {each["auditID"]: each for each in map(json.loads, log.read_text().splitlines())}
        own = written[event["auditID"]]
        assert event == own | {"annotations": own["annotations"] | {"k8s-audit/cluster": "prod-1"}}
        kubectl(cluster, "delete", "configmap", "a-change")
        project.up("--expect-no-changes")

        project.write(text("AllRequestBodies", "get, list"))
        api.request("PATCH", "/apis/config.openshift.io/v1/apiservers/cluster", {"spec": {"audit": {"profile": "None"}}}, "application/merge-patch+json")  # fmt: skip
        project.up("--refresh")
        assert operator.rolled[-1] == {"profile": "AllRequestBodies"}
        assert "PRIVATE KEY" not in project.run("stack", "export").stdout
        project.is_down = True
        project.destroy()
        assert operator.rolled[-1] == {"profile": "Default"}
        assert objects(cluster) == before
