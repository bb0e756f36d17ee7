"""Stands in for kubelets of kops' control-plane nodes: what they tell the cluster of themselves and of their API servers."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, cast

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

SYSTEM = "kube-system"


def join(kubeconfig: str, group: str, started: datetime) -> None:
    """A node of an instance group is there, in the place of the one before, and its API server's container has started."""
    name = f"i-{group}"
    pod = {
        "metadata": {
            "name": f"kube-apiserver-{name}",
            "labels": {"k8s-app": "kube-apiserver"},
            "annotations": {"kubernetes.io/config.mirror": "0", "kubernetes.io/config.source": "file"},
        },
        "spec": {"nodeName": name, "containers": [{"name": "kube-apiserver", "image": "kube-apiserver"}]},
    }
    running = {"running": {"startedAt": started.strftime("%Y-%m-%dT%H:%M:%SZ")}}
    container = {"name": "kube-apiserver", "image": "a", "imageID": "a", "ready": True, "restartCount": 0}
    status = {"status": {"containerStatuses": [container | {"state": running}]}}
    with _core(kubeconfig) as core:
        _leave(core, group)
        node = {"metadata": {"name": name, "labels": {"kops.k8s.io/instancegroup": group}}}
        core.create_node(cast(client.V1Node, node))
        core.create_namespaced_pod(SYSTEM, cast(client.V1Pod, pod))
        core.patch_namespaced_pod_status(f"kube-apiserver-{name}", SYSTEM, status)


def leave(kubeconfig: str, *groups: str) -> None:
    """The nodes of instance groups are gone."""
    with _core(kubeconfig) as core:
        for group in groups:
            _leave(core, group)


def _leave(core: client.CoreV1Api, group: str) -> None:
    with suppress(ApiException):  # there is none
        core.delete_namespaced_pod(f"kube-apiserver-i-{group}", SYSTEM, grace_period_seconds=0)
    with suppress(ApiException):
        core.delete_node(f"i-{group}")


@contextmanager
def _core(kubeconfig: str) -> Iterator[client.CoreV1Api]:
    settings: Any = client.Configuration()
    config.load_kube_config(kubeconfig, client_configuration=settings)
    with client.ApiClient(settings) as api:
        yield client.CoreV1Api(api)
