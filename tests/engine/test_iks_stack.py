"""A stack of kind iks, from preview to destroy: the real engine, a stand-in for IBM Cloud whose refresh restarts a real API server.

With IBM's policy `verbose` its events go through that API server's own proxy to the real Bento of the placed forwarder; a node's and Pulumi's plugin's
stand-ins as in test_openshift_way.py.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.delivery.forwarder.inlet import PORT
from k8s_audit.local_cluster import LocalCluster
from tests.delivery.way import wait_until
from tests.project import Project
from tests.standins.certificates import Authority
from tests.standins.falco import FalcoLike
from tests.standins.ibm_cloud import CLUSTER, KEY, TOKEN, IbmCloud
from tests.standins.ibm_master import IbmMaster
from tests.standins.node import Node, address

HIDDEN = "c2VzYW1lLTQ3MTE="
"""`sesame-4711`, as a Secret holds it."""


class Keeper(FalcoLike):
    """Keeps the events, too."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.bodies: list[str] = []

    def _parse(self, body: bytes) -> None:
        super()._parse(body)
        self.bodies.append(body.decode())

    def event(self, verb: str, resource: str, name: str) -> dict[str, Any]:
        for body in list(self.bodies):
            for event in json.loads(body)["items"]:
                about = event.get("objectRef", {})
                of = "/".join(about[key] for key in ("resource", "subresource") if key in about)
                told = (event["stage"], event["verb"], of, about.get("name"))
                if told == ("ResponseComplete", verb, resource, name):
                    found: dict[str, Any] = event
                    return found
        return {}


def kubectl(cluster: LocalCluster, *arguments: str) -> str:
    command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def listening(node: Node) -> int:
    """Where the forwarder's pod takes records, once it runs."""
    wait_until(lambda: PORT in node.inlets, "no pod of the forwarder")
    return node.inlets[PORT]


def test_preview_failed_refresh_up_proved_drift_a_policy_with_bodies_and_destroy(
    new_project: Callable[..., Project], cluster: LocalCluster, kubernetes_plugin: str, tmp_path: Path
) -> None:
    authority = Authority()
    pair = authority.pair()
    node = Node(cluster.kubeconfig)
    master = IbmMaster(cluster, lambda: listening(node))
    own_authority = (cluster.folder / "pki" / "ca.crt").read_text()
    with (
        node,
        Keeper(authority.pair("localhost", "127.0.0.1").write(tmp_path), client_ca=authority.certificate) as falco,
        IbmCloud(apply=master, authority=own_authority) as ibm,
    ):
        receiver = {
            "kind": "http",
            "name": "falco",
            "url": falco.url,
            "ca": authority.certificate,
            "clientCertificate": pair.certificate,
        }
        platform = {
            "kind": "iks",
            "clusterId": CLUSTER,
            "apiEndpoint": ibm.url,
            "iamEndpoint": ibm.url,
            "refreshTimeout": "60s",
        }
        where = {"name": "prod-1", "kubeconfig": str(cluster.kubeconfig)}
        parts = {"cluster": where, "platform": platform, "receivers": [receiver]}

        def text(**more: Any) -> str:
            return "config:\n" + "".join(f"  audit:{key}: {json.dumps(part)}\n" for key, part in (parts | more).items())

        project = new_project(text())
        project.variables |= {"IBMCLOUD_API_KEY": KEY, "PULUMI_DEBUG_PROVIDERS": kubernetes_plugin}
        project.set_secret("receiverClientKey", pair.key)
        preview = project.run("preview").stdout
        assert "cluster not read: a preview does not" in preview
        assert "IBM refreshes the master: its API servers restart, for minutes" in preview
        assert "platform iks (default): the cloud fixes what is recorded; of Falco's 48 audit rules" in preview
        assert ibm.calls == []

        ibm.fails = True
        failed = project.up(check=False)
        assert failed.returncode != 0
        assert "it is deploy_failed, The master could not be refreshed." in failed.stdout
        assert ibm.set is None
        ibm.await_refreshes()
        ibm.fails, ibm.state, ibm.status = False, "deployed", "Ready"
        up = project.up().stdout
        (check,) = project.outputs()["deliveryChecks"]
        assert check["proof"] == "accepted"
        assert check["auditID"] in falco.received

        ibm.calls.clear()
        assert "unchanged" in project.up("--expect-no-changes").stdout
        assert ibm.calls == []
        assert ibm.set
        ours = ibm.set["auditServer"]
        ibm.set = {"auditServer": "https://theirs.example/"}
        doctor = project.command("doctor", "--stack", project.stack)
        assert doctor.returncode == 1, doctor.stdout + doctor.stderr
        assert "already has an audit webhook, https://theirs.example/" in doctor.stdout
        drift = project.run("preview", "--refresh", "--diff").stdout
        assert "https://theirs.example/" in drift
        up += project.up("--refresh").stdout
        assert ibm.set["auditServer"] == ours

        if address() == "127.0.0.1":
            pytest.skip("this machine has no address to which an API server lets itself be led")
        verbose, forwarder = platform | {"auditPolicy": "verbose"}, {"wait": False, "replicas": 1}
        project.write(text(platform=verbose, forwarder=forwarder, delivery={"checkTimeout": "1m"}))
        project.set_secret("receiverClientKey", pair.key)
        through = project.up(check=False)
        assert through.returncode == 0, through.stdout + node.log()
        (check,) = project.outputs()["deliveryChecks"]
        assert (check["proof"], check["receiver"]) == ("forwarded", "falco")
        kubectl(cluster, "create", "secret", "generic", "a-secret", "--from-literal", "password=sesame-4711")
        kubectl(cluster, "create", "serviceaccount", "a-user")
        token = kubectl(cluster, "create", "token", "a-user").strip()
        kubectl(cluster, "create", "configmap", "a-change", "--from-literal", "a=b")
        wait_until(lambda: falco.event("create", "configmaps", "a-change"), "no event of the last request")
        seen = falco.event("create", "configmaps", "a-change")
        assert seen["requestObject"]["data"] == {"a": "b"}
        assert seen["annotations"]["k8s-audit/cluster"] == "prod-1"
        for resource, name in (("secrets", "a-secret"), ("serviceaccounts/token", "a-user")):
            event = falco.event("create", resource, name)
            assert (event["level"], event["responseStatus"]["code"]) == ("Metadata", 201)
            assert not event.keys() & {"requestObject", "responseObject"}
        assert not [each for each in (HIDDEN, token) if each in "".join(falco.bodies)]
        kubectl(cluster, "delete", "secret/a-secret", "serviceaccount/a-user", "configmap/a-change")
        doctor_of_both = project.command("doctor", "--stack", project.stack).stdout
        assert "nothing to do" in doctor_of_both
        assert "forwarder k8s-audit/k8s-audit-forwarder: 1 pods, 1 of them ready" in doctor_of_both
        project.up("--expect-no-changes")
        up += through.stdout

        printed = preview + failed.stdout + up + doctor.stdout + doctor.stderr + drift
        for place in (printed, project.state()):
            for secret in (pair.key.splitlines()[1], KEY, TOKEN):
                assert secret not in place
        project.destroy()
        assert ibm.set is None
    assert master.manifest.read_text() == master.before
