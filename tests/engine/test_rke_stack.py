"""A stack of kind rke, from a failed up to destroy: the real engine, a stand-in for rke that starts a real API server anew."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from k8s_audit.local_cluster import LocalCluster
from tests.project import free_ports
from tests.standins.rke import Rke

FILE = "# payments, kept by the platform team\nnodes:\n- {address: 10.0.0.11, user: rancher, role: [controlplane, etcd]}  # cp-1\n"


def test_a_failed_up_goes_back_then_proved_drift_and_destroy_byte_for_byte(
    new_project: Callable[..., Any], cluster: LocalCluster, tmp_path: Path
) -> None:
    """The receiver wants a client certificate, whose key nothing shows at any time."""
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before = manifest.read_text()
    rke = Rke.made(tmp_path / "rke")
    ports = [getattr(cluster.ports, name) for name in ("etcd", "etcd_peer", "api_server")]
    rke.runs_on(cluster.folder, ports, before)
    file = tmp_path / "cluster.yml"
    file.write_text(FILE)
    node = cluster.folder / "rke-node"
    project = new_project(f"""\
config:
  audit:cluster: {{name: payments-1, kubeconfig: "{cluster.kubeconfig}"}}
  audit:platform:
    kind: rke
    clusterFile: {file}
    folder: {node}
    hosts: [{{access: local, name: cp-1, node: 10.0.0.11, apiServer: "{cluster.api_server}"}}]
  audit:receivers: [{{kind: recorder, name: recorder, port: {free_ports(1)[0]}, tls: true, clientCertificate: true}}]
  audit:delivery: {{maxWait: 100ms, log: {{path: "{cluster.folder}/audit-log/audit.log"}}}}
""")
    project.variables |= rke.variables()
    rke.fail(1)
    failed = project.up(check=False).stdout
    assert "Failed to bring up Control Plane" in failed
    assert "The cluster is as it was before" in failed
    assert (file.read_text(), manifest.read_text(), node.exists()) == (FILE, before, False)
    up = project.up().stdout
    assert "Finished building Kubernetes cluster successfully" in up
    outputs = project.outputs()
    (check,) = outputs["deliveryChecks"]
    assert check["apiServer"] == cluster.api_server
    assert check["auditID"] in Path(outputs["events"]).read_text()

    rke.forget()
    assert "unchanged" in project.up("--expect-no-changes").stdout
    assert rke.calls == []
    joined = file.read_text().replace("audit-webhook-batch-max-wait: 100ms", "audit-webhook-batch-max-wait: 8s")
    file.write_text(joined.replace("nodes:\n", "nodes:\n- {address: 10.0.0.12, role: [controlplane]}\n"))
    doctor = project.command("doctor", "--stack", project.stack)
    assert doctor.returncode == 3
    assert "10.0.0.12 is a control-plane node of" in doctor.stderr
    drift = project.run("preview", "--refresh", "--diff").stdout
    assert re.search(r'~ audit-webhook-batch-max-wait *: "8s" => "100ms"', drift)
    assert "10.0.0.12" in drift
    file.write_text(file.read_text().replace("- {address: 10.0.0.12, role: [controlplane]}\n", ""))

    key = next(Path(project.folder).rglob("recorder.tls")) / "client.key"
    secret = key.read_text().splitlines()[1]
    assert "client-key-data" in (node / "webhook.yaml").read_text()
    for place in (failed + up + drift, project.state(), file.read_text(), json.dumps(rke.brought)):
        assert secret not in place
        assert "client-key-data" not in place
    project.destroy()
    assert yaml_of(file) == FILE
    assert (manifest.read_text(), node.exists()) == (before, False)


def yaml_of(file: Path) -> str:
    """Its text but for an empty block of ours: somebody had changed the file, so it is no copy of what was there."""
    return file.read_text().replace("services:\n  kube-api:\n", "")
