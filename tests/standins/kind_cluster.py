"""Stands in for `kind create cluster`: a control plane of kubeadm gets what a configuration of kind says, and shows itself as kind's does.

What kind and kubeadm make of that configuration is in `tests/vendors/test_kind.py`; here its flags are put into the manifest of a real API
server, with mounts resolved by hand, since nothing is a container. The mirror pod is what a kubelet would post.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import yaml
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from k8s_audit.control_plane import static_pod
from k8s_audit.local_cluster import LocalCluster

POD = "kube-apiserver-kind-control-plane"
NAMESPACE = "kube-system"


class KindCluster:
    """One cluster.

    Args:
        cluster: the control plane that becomes it.
    """

    def __init__(self, cluster: LocalCluster) -> None:
        self.cluster = cluster
        self.before = self._manifest.read_bytes()

    def create(self, configuration: str) -> None:
        """As `kind create cluster` does; an empty configuration is kind's own default."""
        document = yaml.safe_load(configuration) or {}
        patches = [yaml.safe_load(patch) for patch in document.get("kubeadmConfigPatches", [])]
        flags = {name: value for patch in patches for name, value in patch["apiServer"]["extraArgs"].items()}
        mounts = [mount for node in document.get("nodes", []) for mount in node.get("extraMounts", [])]
        here = {name: _on_this_machine(value, mounts) for name, value in flags.items()}
        self._run(static_pod.turn_on(self.before, here, "").manifest if flags else self.before)
        self._show(flags)

    def delete(self) -> None:
        """As it was found."""
        self._run(self.before)
        with self._core() as core:
            core.delete_namespaced_pod(POD, NAMESPACE, grace_period_seconds=0)

    @property
    def _manifest(self) -> Path:
        return self.cluster.manifests / "kube-apiserver.yaml"

    def _run(self, manifest: bytes) -> None:
        staged = self.cluster.folder / "staged"
        staged.write_bytes(manifest)
        staged.rename(self._manifest)
        self.cluster.create()

    def _show(self, flags: dict[str, str]) -> None:
        """The mirror pod; an older one goes, as its node did."""
        command = ["kube-apiserver", "--authorization-mode=Node,RBAC", *(f"--{n}={v}" for n, v in flags.items())]
        pod: dict[str, Any] = {
            "metadata": {
                "name": POD,
                "labels": {"component": "kube-apiserver", "tier": "control-plane"},
                "annotations": {"kubernetes.io/config.mirror": "0", "kubernetes.io/config.source": "file"},
            },
            "spec": {
                "nodeName": "kind-control-plane",
                "containers": [{"name": "kube-apiserver", "image": "kube-apiserver", "command": command}],
            },
        }
        with self._core() as core:
            with suppress(ApiException):  # there is none yet
                core.delete_namespaced_pod(POD, NAMESPACE, grace_period_seconds=0)
            core.create_namespaced_pod(NAMESPACE, cast(client.V1Pod, pod))

    def _core(self) -> "_Core":
        return _Core(str(self.cluster.kubeconfig))


class _Core:
    def __init__(self, kubeconfig: str) -> None:
        settings = client.Configuration()
        config.load_kube_config(kubeconfig, client_configuration=settings)
        self.api = client.ApiClient(settings)

    def __enter__(self) -> client.CoreV1Api:
        return client.CoreV1Api(self.api)

    def __exit__(self, *_: object) -> None:
        self.api.close()


def _on_this_machine(value: str, mounts: list[dict[str, Any]]) -> str:
    """A path in a node as the path of what is mounted there."""
    for mount in mounts:
        if value.startswith(f"{mount['containerPath']}/"):
            return value.replace(mount["containerPath"], mount["hostPath"], 1)
    return value
