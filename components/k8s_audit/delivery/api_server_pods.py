"""The API servers of a cluster that run as static pods, as their mirror pods tell it: on which nodes, and since when.

https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from k8s_audit.errors import HostError
from k8s_audit.kubernetes_api import Document, answered, client_settings, failure, listed

if TYPE_CHECKING:
    from kubernetes import client

NAMESPACE, CONTAINER = "kube-system", "kube-apiserver"
SECURE_PORT, DEFAULT_PORT = "--secure-port", "6443"
"""https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/"""
OF_KUBEADM, OF_KOPS = "component=kube-apiserver", "k8s-app=kube-apiserver"
"""Their labels: https://github.com/kubernetes/kubernetes/blob/v1.34.4/cmd/kubeadm/app/util/staticpod/utils.go,
https://github.com/kubernetes/kops/blob/v1.32.0/nodeup/pkg/model/kube_apiserver.go."""


@dataclass(frozen=True)
class Seen:
    """An API server as its mirror pod shows it.

    Args:
        started: when its container did, in seconds since the epoch; None: it does not run.
        url: its own, at its node's address; empty: not known.
    """

    started: float | None = None
    url: str = ""


def mirror_pods(api: "client.ApiClient", selector: str) -> list[Document]:
    """The pods as the API server has them; see `listed`."""
    return listed(api, f"/api/v1/namespaces/{NAMESPACE}/pods", {"labelSelector": selector})


def running(kubeconfig: str, selector: str) -> dict[str, Seen]:
    """The API servers by their nodes.

    Args:
        kubeconfig: path of one that may list pods in kube-system.
        selector: the pods' label.

    Raises:
        ForbiddenError: the cluster does not let it.
        HostError: the cluster cannot be asked.
    """
    from kubernetes import client

    settings = client_settings(kubeconfig, HostError)
    try:
        with client.ApiClient(settings) as api:
            pods = mirror_pods(api, selector)
    except Exception as error:  # whatever urllib3 raises
        raise failure(error, HostError)(f"the cluster, asked to list pods in {NAMESPACE}, {answered(error)}") from None
    return {str(pod["spec"].get("nodeName")): Seen(_start(pod), _url(pod)) for pod in pods}


def _url(pod: Document) -> str:
    address = pod.get("status", {}).get("hostIP")
    words = [word for one in pod["spec"]["containers"] for key in ("command", "args") for word in one.get(key) or []]
    port = next((word.partition("=")[2] for word in words if word.startswith(f"{SECURE_PORT}=")), DEFAULT_PORT)
    return f"https://{f'[{address}]' if ':' in address else address}:{port}" if address else ""


def _start(pod: Document) -> float | None:
    for status in pod.get("status", {}).get("containerStatuses") or []:
        running = status.get("state", {}).get("running")
        if status["name"] == CONTAINER and running:
            return datetime.fromisoformat(running["startedAt"]).timestamp()
    return None
