"""Which API servers the nodes of some instance groups run, as the cluster tells it.

kops labels each node with its group, and each API server is a mirror pod, for which kops' own validation looks, too:
https://github.com/kubernetes/kops/blob/v1.32.0/pkg/validation/validate_cluster.go,
https://github.com/kubernetes/kops/blob/v1.32.0/nodeup/pkg/model/kube_apiserver.go
"""

from collections.abc import Sequence
from typing import Any

from k8s_audit.errors import HostError
from k8s_audit.kubernetes_api import answered, client_settings

GROUP = "kops.k8s.io/instancegroup"
API_SERVERS, CONTAINER = "k8s-app=kube-apiserver", "kube-apiserver"
TIMEOUT = 10
"""Seconds."""


def running(kubeconfig: str, groups: Sequence[str]) -> dict[str, float | None]:
    """The nodes of instance groups, each with the start of its API server in seconds since the epoch; None: it does not run.

    Args:
        kubeconfig: path of one that may list nodes, and pods in kube-system.
        groups: names of instance groups.

    Raises:
        HostError: the cluster cannot be asked.
    """
    from kubernetes import client

    core: Any = client.CoreV1Api(client.ApiClient(client_settings(kubeconfig, HostError)))
    try:
        nodes = core.list_node(label_selector=f"{GROUP} in ({', '.join(groups)})", _request_timeout=TIMEOUT)
        pods = core.list_namespaced_pod("kube-system", label_selector=API_SERVERS, _request_timeout=TIMEOUT)
    except Exception as error:  # whatever urllib3 raises
        raise HostError(f"the cluster, asked for its nodes and API servers, {answered(error)}") from None
    started = {str(pod.spec.node_name): _start(pod) for pod in pods.items}
    names = [str(node.metadata.name) for node in nodes.items]
    return {name: started.get(name) for name in names}


def _start(pod: Any) -> float | None:
    for status in pod.status.container_statuses or []:
        if status.name == CONTAINER and status.state and status.state.running:
            return float(status.state.running.started_at.timestamp())
    return None
