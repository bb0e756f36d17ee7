"""The API servers of a cluster that run as static pods, as their mirror pods tell it: on which nodes, and since when.

https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/
"""

from typing import Any

from k8s_audit.errors import HostError
from k8s_audit.kubernetes_api import answered, client_settings

NAMESPACE, CONTAINER = "kube-system", "kube-apiserver"
OF_KUBEADM, OF_KOPS = "component=kube-apiserver", "k8s-app=kube-apiserver"
"""Their labels: https://github.com/kubernetes/kubernetes/blob/v1.34.4/cmd/kubeadm/app/util/staticpod/utils.go,
https://github.com/kubernetes/kops/blob/v1.32.0/nodeup/pkg/model/kube_apiserver.go."""
TIMEOUT = 10
"""Seconds."""


def running(kubeconfig: str, selector: str) -> dict[str, float | None]:
    """Their nodes, each with the start of the API server's container in seconds since the epoch; None: it does not run.

    Args:
        kubeconfig: path of one that may list pods in kube-system.
        selector: the pods' label.

    Raises:
        HostError: the cluster cannot be asked.
    """
    from kubernetes import client

    core: Any = client.CoreV1Api(client.ApiClient(client_settings(kubeconfig, HostError)))
    try:
        pods = core.list_namespaced_pod(NAMESPACE, label_selector=selector, _request_timeout=TIMEOUT)
    except Exception as error:  # whatever urllib3 raises
        raise HostError(f"the cluster, asked to list pods in {NAMESPACE}, {answered(error)}") from None
    return {str(pod.spec.node_name): _start(pod) for pod in pods.items}


def _start(pod: Any) -> float | None:
    for status in pod.status.container_statuses or []:
        if status.name == CONTAINER and status.state and status.state.running:
            return float(status.state.running.started_at.timestamp())
    return None
