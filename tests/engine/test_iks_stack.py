"""A stack of kind iks, from preview to destroy: the real engine, a stand-in for IBM Cloud whose refresh restarts a real API server."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from k8s_audit.audit_policy.render import load_profile, render_policy
from k8s_audit.local_cluster import LocalCluster
from tests.project import Project
from tests.standins.certificates import Authority
from tests.standins.falco import FalcoLike
from tests.standins.ibm_cloud import CLUSTER, KEY, TOKEN, IbmCloud


def test_preview_failed_refresh_up_proved_drift_and_destroy(
    new_project: Callable[..., Project], cluster: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before = manifest.read_text()
    authority = Authority()
    pair = authority.pair()

    def refreshed(webhook: dict[str, str] | None) -> None:
        """What IBM does with its API servers: https://github.com/IBM-Cloud/kube-samples kube-audit, its policy and flags."""
        folder = cluster.folder / "ibm"
        folder.mkdir(exist_ok=True)
        pod = yaml.safe_load(before)
        if webhook:
            names = {"cluster": {"server": webhook["auditServer"], "certificate-authority": f"{folder}/ca.crt"}}
            files = {"client-certificate": f"{folder}/client.crt", "client-key": f"{folder}/client.key"}
            config = {
                "clusters": [{"name": "a", **names}],
                "users": [{"name": "u", "user": files}],
                "contexts": [{"name": "c", "context": {"cluster": "a", "user": "u"}}],
                "current-context": "c",
            }
            (folder / "webhook.yaml").write_text(yaml.safe_dump(config))
            (folder / "policy.yaml").write_text(render_policy(load_profile("metadata")))
            for name, key in (
                ("ca.crt", "caCertificate"),
                ("client.crt", "clientCertificate"),
                ("client.key", "clientKey"),
            ):
                (folder / name).write_text(webhook[key])
            container = pod["spec"]["containers"][0]
            container["command"] += [
                f"--audit-policy-file={folder}/policy.yaml",
                f"--audit-webhook-config-file={folder}/webhook.yaml",
                "--audit-webhook-batch-max-wait=100ms",
            ]
            container["volumeMounts"].append({"name": "ibm", "mountPath": str(folder)})
            pod["spec"]["volumes"].append({"name": "ibm", "hostPath": {"path": str(folder), "type": "Directory"}})
        staged = cluster.folder / "staged"
        staged.write_text(yaml.safe_dump(pod, sort_keys=False) if webhook else before)
        staged.rename(manifest)
        cluster.create()

    with (
        FalcoLike(authority.pair("localhost", "127.0.0.1").write(tmp_path), client_ca=authority.certificate) as falco,
        IbmCloud(apply=refreshed) as ibm,
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
        project = new_project(
            "config:\n"
            f"  audit:cluster: {json.dumps({'name': 'prod-1', 'kubeconfig': str(cluster.kubeconfig)})}\n"
            f"  audit:platform: {json.dumps(platform)}\n"
            f"  audit:receivers: {json.dumps([receiver])}\n"
        )
        project.variables["IBMCLOUD_API_KEY"] = KEY
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

        printed = preview + failed.stdout + up + doctor.stdout + doctor.stderr + drift
        for place in (printed, project.state()):
            for secret in (pair.key.splitlines()[1], KEY, TOKEN):
                assert secret not in place
        project.destroy()
        assert ibm.set is None
    assert manifest.read_text() == before
