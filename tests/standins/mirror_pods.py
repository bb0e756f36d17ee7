"""Stands in for kubelets of control-plane nodes: what they tell the cluster of their API servers.

One real API server plays all of them, so with each new one all have started anew.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, cast

import psutil
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from k8s_audit.local_cluster import LocalCluster

SYSTEM = "kube-system"
MIRROR = {"kubernetes.io/config.mirror": "0", "kubernetes.io/config.source": "file"}
CONTAINER = {"name": "kube-apiserver", "image": "a", "imageID": "a", "ready": True, "restartCount": 0}


def show(core: client.CoreV1Api, node: str, label: str, started: datetime) -> None:
    """The mirror pod of a node's API server, in the place of the one before.

    Args:
        core: of the cluster.
        node: its name.
        label: such as `component=kube-apiserver`.
        started: when its container did.
    """
    key, _, value = label.partition("=")
    pod = {
        "metadata": {"name": f"kube-apiserver-{node}", "labels": {key: value}, "annotations": MIRROR},
        "spec": {"nodeName": node, "containers": [{"name": "kube-apiserver", "image": "kube-apiserver"}]},
    }
    hide(core, node)
    core.create_namespaced_pod(SYSTEM, cast(client.V1Pod, pod))
    running = {"running": {"startedAt": started.strftime("%Y-%m-%dT%H:%M:%SZ")}}
    status = {"status": {"containerStatuses": [CONTAINER | {"state": running}]}}
    for one in core.list_namespaced_pod(SYSTEM, label_selector=label).items:
        core.patch_namespaced_pod_status(cast(Any, one.metadata).name, SYSTEM, status)


def hide(core: client.CoreV1Api, node: str) -> None:
    """It is gone; none there is fine."""
    with suppress(ApiException):
        core.delete_namespaced_pod(f"kube-apiserver-{node}", SYSTEM, grace_period_seconds=0)


@contextmanager
def asked(kubeconfig: str) -> Iterator[client.CoreV1Api]:
    """A cluster, as its administrator has it."""
    settings: Any = client.Configuration()
    config.load_kube_config(kubeconfig, client_configuration=settings)
    with client.ApiClient(settings) as api:
        yield client.CoreV1Api(api)


def began(cluster: LocalCluster) -> datetime:
    """When the process of its API server did, as a kubelet knows it of a container; on a busy machine that is long after it was asked for."""
    status = cluster.read()
    assert status
    return datetime.fromtimestamp(psutil.Process(status.pids["kube-apiserver"]).create_time(), UTC)


def mirroring(cluster: LocalCluster, label: str) -> Callable[[str, bool], None]:
    """Takes nodes whose API server runs now, or that are gone."""

    def joined(node: str, there: bool) -> None:
        with asked(str(cluster.kubeconfig)) as core:
            if there:
                show(core, node, label, began(cluster))
            else:
                hide(core, node)

    return joined
