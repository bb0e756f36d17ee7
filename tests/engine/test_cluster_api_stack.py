"""A stack of kind cluster-api, from preview to destroy: the real engine, a management cluster that is the cluster itself.

So it is after `clusterctl move`: the API server that tells how far the roll is goes away in it.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

from k8s_audit.delivery.api_server_pods import OF_KUBEADM
from k8s_audit.local_cluster import LocalCluster
from tests.project import free_ports
from tests.standins.machines import MachineControlPlanes, machine_crd
from tests.standins.management_cluster import NAME, NAMESPACE, Api, booting, crd
from tests.standins.mirror_pods import mirroring


def test_preview_a_machine_whose_delivery_fails_goes_back_each_one_proved_drift_and_destroy(
    new_project: Callable[..., Any], cluster: LocalCluster
) -> None:
    """The receiver wants a client certificate, whose key nothing but the Secret has at any time."""
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before, mute = manifest.read_text(), Event()
    boot, joined = booting(cluster, mute), mirroring(cluster, OF_KUBEADM)
    api, folder = Api(str(cluster.kubeconfig)), f"{cluster.folder}/machine"
    text = f"""\
config:
  audit:cluster: {{name: prod-1, kubeconfig: "{cluster.kubeconfig}"}}
  audit:platform:
    kind: cluster-api
    managementKubeconfig: "{cluster.kubeconfig}"
    namespace: {NAMESPACE}
    name: {NAME}
    folder: "{folder}"
  audit:receivers: [{{kind: recorder, name: recorder, port: {free_ports(1)[0]}, tls: true, clientCertificate: true}}]
  audit:delivery: {{maxWait: 100ms, checkTimeout: 5s, log: {{path: "{cluster.folder}/audit-log/audit.log"}}}}
"""
    project = new_project(text)
    with crd(api, "kubeadmcontrolplanes.yaml", "v1beta2") as objects, machine_crd(api, "v1beta2") as kinds:
        group = "infrastructure.cluster.x-k8s.io"
        template = {"infrastructureRef": {"apiGroup": group, "kind": "DockerMachineTemplate", "name": NAME}}
        found = objects.create(
            {
                "apiVersion": "controlplane.cluster.x-k8s.io/v1beta2",
                "kind": "KubeadmControlPlane",
                "metadata": {"namespace": NAMESPACE, "name": NAME},
                "spec": {
                    "replicas": 2,
                    "version": "v1.34.4",
                    "machineTemplate": {"spec": template},
                    "kubeadmConfigSpec": {"files": [{"path": f"{folder}/motd", "content": "theirs"}]},
                },
            }
        )
        spec = found["spec"]
        with MachineControlPlanes(objects, kinds, boot, joined) as controller:
            preview = project.run("preview").stdout
            assert "KubeadmControlPlane not read: a preview asks no management cluster; `k8s-audit doctor" in preview
            assert (
                "Cluster API replaces all control-plane machines, one by one; each one's delivery is proved" in preview
            )

            mute.set()
            failed = project.up(check=False)
            assert failed.returncode != 0
            assert "did not reach receiver recorder within 5 s" in failed.stdout
            assert "not proved, before prod-0 was drained: prod-2 (node node-prod-2)" in failed.stdout
            assert f"KubeadmControlPlane {NAMESPACE}/{NAME} is as it was before" in failed.stdout
            assert (objects.get()["spec"], api.secrets(NAMESPACE)) == (spec, [])
            assert "prod-1 is deleted" not in controller.happened, (
                "the next one is touched only when this one is proved"
            )
            assert controller.hooked() == []

            mute.clear()
            controller.happened.clear()
            up = project.up().stdout
            reached = dict.fromkeys(
                re.findall(r"(node-prod-.): event \S+ reached recorder|machine (prod-.) may go", up)
            )
            assert list(reached) == [("node-prod-4", ""), ("", "prod-1"), ("node-prod-5", ""), ("", "prod-3")]
            made = ["prod-4 is made", "prod-1 is deleted", "prod-1 is gone"]
            assert controller.happened == [*made, "prod-5 is made", "prod-3 is deleted", "prod-3 is gone"]
            outputs = project.outputs()
            checks = outputs["deliveryChecks"]
            assert [(one["proof"], one["node"]) for one in checks] == [
                ("auditID", "node-prod-4"),
                ("auditID", "node-prod-5"),
            ]
            assert all(one["auditID"] in Path(outputs["events"]).read_text() for one in checks)
            assert "unchanged" in project.up("--expect-no-changes").stdout
            assert len(controller.booted) == 4, "a second time no machine is replaced"
        after = objects.get()

        def slower(document: dict[str, Any]) -> None:
            flags = document["spec"]["kubeadmConfigSpec"]["clusterConfiguration"]["apiServer"]["extraArgs"]
            next(one for one in flags if one["name"] == "audit-webhook-batch-max-wait")["value"] = "8s"

        objects.change(slower)
        doctor = project.command("doctor", "--stack", project.stack)
        assert doctor.returncode == 0, doctor.stdout + doctor.stderr
        assert "set apiServer.extraArgs audit-webhook-batch-max-wait: 100ms (was 8s)" in doctor.stdout
        assert "replace all 2 control-plane machines, one by one" in doctor.stdout
        drift = project.run("preview", "--refresh", "--diff").stdout
        assert re.search(r'~ audit-webhook-batch-max-wait *: "8s" => "100ms"', drift)

        key = next(Path(project.folder).rglob("recorder.tls")) / "client.key"
        secret = key.read_text().splitlines()[1]
        printed = preview + failed.stdout + up + doctor.stdout + doctor.stderr + drift
        for place in (printed, project.state(), json.dumps(after)):
            assert secret not in place
            assert "client-key-data" not in place
        assert "client-key-data" in api.secret(NAMESPACE, api.secrets(NAMESPACE)[0])["webhook.yaml"]
        objects.put(objects.get() | {"spec": after["spec"]})
        with MachineControlPlanes(objects, kinds, boot, joined) as controller:
            project.destroy()
            assert (objects.get()["spec"], api.secrets(NAMESPACE)) == (spec, [])
            assert "annotations" not in objects.get()["metadata"]
            for machine in controller.all():
                joined(f"node-{machine['metadata']['name']}", False)
    assert manifest.read_text() == before
