"""A stack of kind openshift-4.2, from preview to destroy: the real engine; what stands in for OpenShift's operator restarts a real API server.

That API server, which knows no AuditSink, has a webhook to the receiver while the arguments are rolled, and the receiver takes its events
while an AuditSink names it (tests/standins/audit_sinks.py).
"""

import json
from collections.abc import Callable

import yaml

from k8s_audit.local_cluster import LocalCluster
from tests.project import Project
from tests.standins.audit_sinks import GATES, SINKS, Gate, SinkOperator, openshift_43
from tests.standins.openshift import MERGE

POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "None", "resources": [{"group": "auditregistration.k8s.io"}]}, {"level": "Metadata"}],
}
"""Of all but what the receiver's own door asks."""


def test_preview_up_proved_drift_and_destroy(new_project: Callable[..., Project], cluster: LocalCluster) -> None:
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before, folder = manifest.read_text(), cluster.folder / "sink"

    def restart(serves: bool, url: str) -> None:
        pod = yaml.safe_load(before)
        folder.mkdir(exist_ok=True)
        webhook = {
            "clusters": [{"name": "a", "cluster": {"server": url}}],
            "contexts": [{"name": "c", "context": {"cluster": "a"}}],
            "current-context": "c",
        }
        (folder / "webhook.yaml").write_text(yaml.safe_dump(webhook))
        (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY))
        container = pod["spec"]["containers"][0]
        container["command"] += [
            f"--audit-policy-file={folder}/policy.yaml",
            f"--audit-webhook-config-file={folder}/webhook.yaml",
            "--audit-webhook-batch-max-wait=100ms",
            "--audit-webhook-initial-backoff=50ms",
        ]
        container["volumeMounts"].append({"name": "sink", "mountPath": str(folder)})
        pod["spec"]["volumes"].append({"name": "sink", "hostPath": {"path": str(folder), "type": "Directory"}})
        staged = cluster.folder / "staged"
        staged.write_text(yaml.safe_dump(pod, sort_keys=False) if serves else before)
        staged.rename(manifest)
        cluster.create()

    with (
        openshift_43(cluster.kubeconfig) as api,
        Gate(api) as receiver,
        SinkOperator(api, lambda serves: restart(serves, receiver.url)) as operator,
    ):
        at_rest = operator.settings()["spec"]
        project = new_project(
            "config:\n"
            f"  audit:cluster: {json.dumps({'name': 'prod-1', 'kubeconfig': str(cluster.kubeconfig)})}\n"
            "  audit:platform: {kind: openshift-4.2, rollTimeout: 2m}\n"
            f"  audit:receivers: {json.dumps([{'kind': 'http', 'name': 'siem', 'url': receiver.url}])}\n"
        )
        doctor = project.command("doctor", "--stack", project.stack)
        assert doctor.returncode == 0, doctor.stdout + doctor.stderr
        assert f"set feature-gates: {', '.join(GATES)}, DynamicAuditing=true" in doctor.stdout
        assert f"create AuditSink k8s-audit: Metadata to {receiver.url}" in doctor.stdout
        assert operator.settings()["spec"] == at_rest

        preview, _, _ = project.run("up", "--yes").stdout.partition("Updating")
        assert "feature-gates: [DynamicAuditing=true]" in preview
        assert "Upgradeable=False: the cluster is not upgraded until `destroy`" in preview
        (check,) = project.outputs()["deliveryChecks"]
        assert check["proof"] == "accepted"
        assert check["auditID"] in {event["auditID"] for event in receiver.events()}
        project.up("--expect-no-changes")

        api.request("PATCH", f"{SINKS}/k8s-audit", {"spec": {"policy": {"level": "RequestResponse"}}}, MERGE)
        assert '"RequestResponse" => "Metadata"' in project.run("up", "--yes", "--refresh", "--diff").stdout
        assert api.request("GET", f"{SINKS}/k8s-audit")["spec"]["policy"]["level"] == "Metadata"
        assert len(operator.rolled) == 1
        project.is_down = True
        project.destroy()
        assert operator.settings()["spec"] == at_rest
        assert "annotations" not in operator.settings()["metadata"]
    assert manifest.read_text() == before
