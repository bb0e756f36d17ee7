"""A stack of kind talos, from preview to destroy: the real engine, a stand-in for talosctl whose node has a real API server."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.local_cluster import LocalCluster
from tests.project import free_ports
from tests.standins.api_server import ApiServer
from tests.standins.talos import ADDRESS, Talos

READ = "get machineconfig v1alpha1 -o yaml"
JUDGE = "apply-config --mode=staged --dry-run --file /dev/stdin"


@pytest.fixture
def talos(cluster: LocalCluster, tmp_path: Path) -> Iterator[Talos]:
    made = Talos.made(tmp_path / "talos", cluster)
    yield made
    made.hide()


@contextmanager
def nodes(cluster: LocalCluster, *names: str) -> Iterator[None]:
    """Nodes of the control plane that the cluster knows of for a while."""
    api = ApiServer(cluster.kubeconfig)
    labels = {"node-role.kubernetes.io/control-plane": ""}
    with ExitStack() as ends:
        for name in names:
            api.request("POST", "/api/v1/nodes", {"metadata": {"name": name, "labels": labels}})
            ends.callback(api.request, "DELETE", f"/api/v1/nodes/{name}")
        yield


def test_preview_a_change_that_goes_back_proof_drift_a_policy_without_reboot_and_destroy(
    new_project: Callable[..., Any], cluster: LocalCluster, talos: Talos
) -> None:
    """The receiver wants a client certificate, whose key nothing shows at any time."""
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before = manifest.read_text()
    found = talos.config
    text = f"""\
config:
  audit:cluster: {{name: lab-1, kubeconfig: "{cluster.kubeconfig}"}}
  audit:platform: {{kind: talos, nodes: [{{address: {ADDRESS}, apiServer: "{cluster.api_server}"}}], rebootTimeout: 4s}}
  audit:receivers: [{{kind: recorder, name: recorder, port: {free_ports(1)[0]}, tls: true, clientCertificate: true}}]
  audit:delivery: {{maxWait: 100ms}}
"""
    project = new_project(text)
    project.variables |= talos.variables()
    preview = project.run("preview").stdout
    assert "machine configuration not read: a preview runs no talosctl" in preview
    assert "node 10-0-4-11 reboots if its webhook file is new or changed" in preview
    assert talos.calls == []

    talos.write("fault", "stuck")
    failed = project.up(check=False)
    assert failed.returncode != 0
    assert re.search(r"lacks --audit-webhook-\S+, for more than 4 s", failed.stdout), failed.stdout
    assert "Its machine configuration is as it was before" in failed.stdout
    assert talos.config == found
    talos.write("fault", "refuse")
    refused = project.up(check=False)
    assert "configuration validation failed" in refused.stdout
    talos.write("fault", "")
    talos.forget()
    up = project.up().stdout
    assert talos.calls == [
        READ,
        JUDGE,
        "apply-config --mode=staged --file /dev/stdin",
        "reboot --wait --timeout 4s",
    ]
    outputs = project.outputs()
    (check,) = outputs["deliveryChecks"]
    assert check["proof"] == "auditID"
    assert check["auditID"] in Path(outputs["events"]).read_text()

    talos.forget()
    assert "unchanged" in project.up("--expect-no-changes").stdout
    assert talos.calls == []
    talos.write("config", talos.read("config").replace("audit-webhook-mode: batch", "audit-webhook-mode: blocking"))
    with nodes(cluster, ADDRESS.replace(".", "-"), "joined"):
        doctor = project.command("doctor", "--stack", project.stack)
        drift = project.run("preview", "--refresh", "--diff").stdout
    assert doctor.returncode == 1, doctor.stdout + doctor.stderr
    for told in (doctor.stdout, drift):
        assert "nodes joined run the control plane, and at least 1 of them is no host of this stack" in told
    assert "node 10-0-4-11: set cluster.apiServer.extraArgs.audit-webhook-mode: batch" in doctor.stdout
    assert re.search(r'~ audit-webhook-mode *: "blocking" => "batch"', drift)
    project.write(f"{text}  audit:policy: {{profile: full}}\n")
    talos.forget()
    other = project.up("--refresh").stdout
    assert talos.calls[-1] == "apply-config --mode=no-reboot --file /dev/stdin"
    assert not [call for call in talos.calls if call.startswith("reboot")]

    key = next(Path(project.folder).rglob("recorder.tls")) / "client.key"
    secret = key.read_text().splitlines()[1]
    printed = "".join([preview, failed.stdout, refused.stdout, up, doctor.stdout, doctor.stderr, drift, other])
    for place in (printed, project.state(), "".join(talos.calls)):
        assert secret not in place
        assert "client-key-data" not in place
    assert "client-key-data" in talos.read("config"), "it lies in the machine configuration, as the page says"
    project.destroy()
    assert talos.config == found
    assert manifest.read_text() == before
