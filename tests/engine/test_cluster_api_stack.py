"""A stack of kind cluster-api, from preview to destroy: the real engine, a management cluster that is the cluster itself.

So it is after `clusterctl move`: the API server that tells how far the roll is goes away in it.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from k8s_audit.local_cluster import LocalCluster
from tests.project import free_ports
from tests.standins.management_cluster import MACHINE, NAME, NAMESPACE, Api, ControlPlanes, booting, crd
from tests.standins.mirror_pods import hide


def test_preview_a_roll_that_fails_and_goes_back_up_proved_drift_and_destroy(
    new_project: Callable[..., Any], cluster: LocalCluster
) -> None:
    """The receiver wants a client certificate, whose key nothing but the Secret has at any time."""
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before, boot = manifest.read_text(), booting(cluster)
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
  audit:delivery: {{maxWait: 100ms, log: {{path: "{cluster.folder}/audit-log/audit.log"}}}}
"""
    project = new_project(text)
    with crd(api, "kubeadmcontrolplanes.yaml", "v1beta2") as objects:
        group = "infrastructure.cluster.x-k8s.io"
        template = {"infrastructureRef": {"apiGroup": group, "kind": "DockerMachineTemplate", "name": NAME}}
        found = objects.create(
            {
                "apiVersion": "controlplane.cluster.x-k8s.io/v1beta2",
                "kind": "KubeadmControlPlane",
                "metadata": {"namespace": NAMESPACE, "name": NAME},
                "spec": {
                    "replicas": 1,
                    "version": "v1.34.4",
                    "machineTemplate": {"spec": template},
                    "kubeadmConfigSpec": {"files": [{"path": f"{folder}/motd", "content": "theirs"}]},
                },
            }
        )
        spec = found["spec"]
        with ControlPlanes(objects, boot) as controller:
            preview = project.run("preview").stdout
            assert "KubeadmControlPlane not read: a preview asks no management cluster; `k8s-audit doctor" in preview
            assert "Cluster API replaces all control-plane machines, one by one" in preview

            controller.fault = "kube-apiserver: CrashLoopBackOff"
            failed = project.up(check=False)
            assert failed.returncode != 0
            assert "MachinesReady is False (NotReady: * Machine prod-x: APIServerPodHealthy: kube-api" in failed.stdout
            assert f"KubeadmControlPlane {NAMESPACE}/{NAME} is as it was before" in failed.stdout
            assert (objects.get()["spec"], api.secrets(NAMESPACE)) == (spec, [])
            assert "DeliveryCheck" not in failed.stdout, "nothing is proved before each machine has it"

            controller.fault = ""
            up = project.up().stdout
            outputs = project.outputs()
            (check,) = outputs["deliveryChecks"]
            assert (check["proof"], check["node"]) == ("auditID", MACHINE)
            assert check["auditID"] in Path(outputs["events"]).read_text()
            assert "unchanged" in project.up("--expect-no-changes").stdout
            assert len(controller.booted) == 1
        after = objects.get()

        def slower(document: dict[str, Any]) -> None:
            flags = document["spec"]["kubeadmConfigSpec"]["clusterConfiguration"]["apiServer"]["extraArgs"]
            next(one for one in flags if one["name"] == "audit-webhook-batch-max-wait")["value"] = "8s"

        objects.change(slower)
        doctor = project.command("doctor", "--stack", project.stack)
        assert doctor.returncode == 0, doctor.stdout + doctor.stderr
        assert "set apiServer.extraArgs audit-webhook-batch-max-wait: 100ms (was 8s)" in doctor.stdout
        assert "replace all 1 control-plane machines, one by one" in doctor.stdout
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
        with ControlPlanes(objects, boot, after["spec"]):
            project.destroy()
            assert (objects.get()["spec"], api.secrets(NAMESPACE)) == (spec, [])
            assert "annotations" not in objects.get()["metadata"]
    hide(api.core, MACHINE)
    assert manifest.read_text() == before
