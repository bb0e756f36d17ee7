"""In place of IBM's master: a refresh gives a real API server the webhook that is set, as IBM's own flags and policies would.

IBM's policies: https://github.com/IBM-Cloud/kube-samples/tree/master/kube-audit. Other than there: one API server, whose address takes the
place of the one by which IBM's see themselves, events go out sooner, and a Service that is reached through the proxy is led to the port of this machine where
its pod listens.
"""

from collections.abc import Callable
from typing import Any

import yaml

from k8s_audit.local_cluster import LocalCluster
from k8s_audit.platforms.iks.proxy import PROXY
from tests.delivery.way import wait_until
from tests.standins.api_server import ApiServer
from tests.unit.audit_policy.cloud_policies import ALL_METADATA, WRITES

POLICIES = {"default": ALL_METADATA, "verbose": WRITES}
FILES = {"ca.crt": "caCertificate", "client.crt": "clientCertificate", "client.key": "clientKey"}
SERVICE, INSIDE = "k8s-audit-forwarder", "/api/v1/namespaces/k8s-audit"


class IbmMaster:
    """What `IbmCloud.apply` calls.

    Args:
        cluster: has the API server.
        inlet: the port of this machine where the forwarder's pod listens; asked once the webhook leads there.
    """

    def __init__(self, cluster: LocalCluster, inlet: Callable[[], int]) -> None:
        self.cluster, self.inlet = cluster, inlet
        self.manifest = cluster.manifests / "kube-apiserver.yaml"
        self.before, self.refreshes = self.manifest.read_text(), 0

    def __call__(self, webhook: dict[str, str] | None) -> None:
        """Refresh."""
        if webhook and webhook["auditServer"].startswith(PROXY):
            self._lead()
        staged = self.cluster.folder / "staged"
        staged.write_text(yaml.safe_dump(self._pod(webhook), sort_keys=False) if webhook else self.before)
        staged.rename(self.manifest)
        self.cluster.create()

    def _pod(self, webhook: dict[str, str]) -> Any:
        self.refreshes += 1  # other paths, or nothing would be restarted
        folder = self.cluster.folder / "ibm" / str(self.refreshes)
        folder.mkdir(parents=True)
        server = webhook["auditServer"].replace(PROXY, f"{self.cluster.api_server}/")
        names = {"cluster": {"server": server, "certificate-authority": f"{folder}/ca.crt"}}
        files = {"client-certificate": f"{folder}/client.crt", "client-key": f"{folder}/client.key"}
        config = {
            "clusters": [{"name": "a", **names}],
            "users": [{"name": "u", "user": files}],
            "contexts": [{"name": "c", "context": {"cluster": "a", "user": "u"}}],
            "current-context": "c",
        }
        (folder / "webhook.yaml").write_text(yaml.safe_dump(config))
        (folder / "policy.yaml").write_text(POLICIES[webhook["policy"]])
        for name, key in FILES.items():
            (folder / name).write_text(webhook[key])
        pod = yaml.safe_load(self.before)
        container = pod["spec"]["containers"][0]
        container["command"] += [
            f"--audit-policy-file={folder}/policy.yaml",
            f"--audit-webhook-config-file={folder}/webhook.yaml",
            "--audit-webhook-batch-max-wait=300ms",
        ]
        container["volumeMounts"].append({"name": "ibm", "mountPath": str(folder)})
        pod["spec"]["volumes"].append({"name": "ibm", "hostPath": {"path": str(folder), "type": "Directory"}})
        return pod

    def _lead(self) -> None:
        """As the controller of endpoints does; the proxy goes to no address that is not a pod's."""
        api = ApiServer(self.cluster.kubeconfig)
        found: list[Any] = []

        def look() -> bool:
            items = api.request("GET", f"{INSIDE}/pods")["items"]
            found[:] = [each for each in items if each["status"].get("podIP")]
            return bool(found)

        wait_until(look, "no pod of the forwarder has an address")
        (pod,) = found
        target = {"kind": "Pod", "namespace": "k8s-audit", "name": pod["metadata"]["name"]}
        subset = {
            "addresses": [{"ip": pod["status"]["podIP"], "targetRef": target}],
            "ports": [{"name": "records", "port": self.inlet()}],
        }
        api.request("POST", f"{INSIDE}/endpoints", {"metadata": {"name": SERVICE}, "subsets": [subset]})
