"""The API servers of a cluster that run as static pods, as their mirror pods tell it: on which nodes, and since when.

https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/
"""

from datetime import datetime

from k8s_audit.errors import HostError
from k8s_audit.kubernetes_api import Document, answered, client_settings, listed

NAMESPACE, CONTAINER = "kube-system", "kube-apiserver"
OF_KUBEADM, OF_KOPS = "component=kube-apiserver", "k8s-app=kube-apiserver"
"""Their labels: https://github.com/kubernetes/kubernetes/blob/v1.34.4/cmd/kubeadm/app/util/staticpod/utils.go,
https://github.com/kubernetes/kops/blob/v1.32.0/nodeup/pkg/model/kube_apiserver.go."""


def running(kubeconfig: str, selector: str) -> dict[str, float | None]:
    """Their nodes, each with the start of the API server's container in seconds since the epoch; None: it does not run.

    Args:
        kubeconfig: path of one that may list pods in kube-system.
        selector: the pods' label.

    Raises:
        HostError: the cluster cannot be asked.
    """
    from kubernetes import client

    settings = client_settings(kubeconfig, HostError)
    try:
        with client.ApiClient(settings) as api:
            pods = listed(api, f"/api/v1/namespaces/{NAMESPACE}/pods", {"labelSelector": selector})
    except Exception as error:  # whatever urllib3 raises
        raise HostError(f"the cluster, asked to list pods in {NAMESPACE}, {answered(error)}") from None
    return {str(pod["spec"].get("nodeName")): _start(pod) for pod in pods}


def _start(pod: Document) -> float | None:
    for status in pod.get("status", {}).get("containerStatuses") or []:
        running = status.get("state", {}).get("running")
        if status["name"] == CONTAINER and running:
            return datetime.fromisoformat(running["startedAt"]).timestamp()
    return None
