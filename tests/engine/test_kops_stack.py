"""A stack of kind kops, from preview to destroy: the real engine, a stand-in for kops that changes a real API server."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from k8s_audit.local_cluster import LocalCluster
from tests.project import free_ports
from tests.standins.kops import NAME, Kops, nodeup
from tests.standins.kops_nodes import leave


def rolled(kops: Kops) -> list[str]:
    """The groups whose nodes were replaced, in order."""
    return re.findall(r"^rolling-update cluster --instance-group (\S+) --yes$", "\n".join(kops.calls), re.MULTILINE)


def test_preview_a_group_whose_delivery_fails_resumed_proved_drift_and_destroy(
    new_project: Callable[..., Any], cluster: LocalCluster, tmp_path: Path
) -> None:
    """The receiver wants a client certificate, whose key nothing shows at any time."""
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before = manifest.read_text()
    kops = Kops.made(tmp_path / "kops")
    spec = kops.spec
    ports = [getattr(cluster.ports, name) for name in ("etcd", "etcd_peer", "api_server")]
    known = {"folder": str(cluster.folder), "ports": ports, "manifest": before}
    kops.write("control_plane", known)

    text = f"""\
config:
  audit:cluster: {{name: prod-1, kubeconfig: "{cluster.kubeconfig}"}}
  audit:platform: {{kind: kops, clusterName: {NAME}, folder: "{cluster.folder}/kops-node"}}
  audit:receivers: [{{kind: recorder, name: recorder, port: {free_ports(1)[0]}, tls: true, clientCertificate: true}}]
  audit:delivery: {{maxWait: 100ms, checkTimeout: 5s, log: {{path: "{cluster.folder}/audit-log/audit.log"}}}}
"""

    project = new_project(text)
    project.variables |= kops.variables()
    preview = project.run("preview").stdout
    assert "cluster spec not read: a preview runs no kops; `k8s-audit doctor --stack STACK` reads it" in preview
    assert "kops: its spec has no field for truncation" in preview
    assert kops.calls == []

    kops.write("control_plane", known | {"mute": True})
    failed = project.up(check=False)
    assert failed.returncode != 0
    assert "did not reach receiver recorder within 5 s" in failed.stdout
    assert "Instance groups that have it: control-plane-a; not yet: control-plane-b. Delivery of those" in failed.stdout
    assert rolled(kops) == ["control-plane-a"], "the next group is touched only when this one's delivery is proved"
    kops.write("control_plane", known)
    nodeup(kops, "control-plane-a")
    kops.forget()
    up = project.up().stdout
    assert rolled(kops) == ["control-plane-b"]
    assert re.search(r"i-control-plane-a: event \S+ reached recorder in", up), (
        "it is proved before the next one is touched"
    )
    assert "Cluster validated." in up
    outputs = project.outputs()
    checks = outputs["deliveryChecks"]
    assert [(check["proof"], check["node"]) for check in checks] == [
        ("auditID", f"i-control-plane-{group}") for group in "ab"
    ]
    assert all(check["auditID"] in Path(outputs["events"]).read_text() for check in checks)
    verified = project.command("verify", "--stack", project.stack)
    assert re.findall(r"proved: event \S+ of https://127.0.0.1:\d+ on (\S+) was accepted", verified.stdout) == [
        "i-control-plane-a",
        "i-control-plane-b",
    ]

    kops.forget()
    assert "unchanged" in project.up("--expect-no-changes").stdout
    assert kops.calls == []
    changed = kops.read("cluster")
    changed["spec"]["kubeAPIServer"]["auditWebhookBatchMaxWait"] = "8s"
    kops.write("cluster", changed)
    doctor = project.command("doctor", "--stack", project.stack)
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert "set kubeAPIServer.auditWebhookBatchMaxWait: 100ms (was 8s)" in doctor.stdout
    drift = project.run("preview", "--refresh", "--diff").stdout
    assert re.search(r'~ audit-webhook-batch-max-wait *: "8s" => "100ms"', drift)
    assert "kops replaces the nodes of instance groups control-plane-a, control-plane-b, one after the other" in drift

    key = next(Path(project.folder).rglob("recorder.tls")) / "client.key"
    secret = key.read_text().splitlines()[1]
    printed = preview + failed.stdout + up + doctor.stdout + doctor.stderr + drift
    for place in (printed, project.state(), json.dumps(kops.calls)):
        assert secret not in place
        assert "client-key-data" not in place
    assert "client-key-data" in json.dumps(kops.spec), "it lies in kops' state store, as the page says"
    project.destroy()
    theirs = {"auditWebhookBatchMaxWait": "8s"}
    assert kops.spec == spec | {"kubeAPIServer": spec["kubeAPIServer"] | theirs}, "what somebody set since stays"
    assert manifest.read_text() == before
    leave(str(cluster.kubeconfig), "control-plane-a", "control-plane-b")
