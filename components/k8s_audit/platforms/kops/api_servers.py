"""Which API servers the nodes of some instance groups run, as the cluster tells it.

kops labels each node with its group, and looks for each one's mirror pod when it validates a cluster:
https://github.com/kubernetes/kops/blob/v1.32.0/pkg/validation/validate_cluster.go
"""

from collections.abc import Sequence
from typing import Any

from k8s_audit.delivery import api_server_pods
from k8s_audit.errors import HostError
from k8s_audit.kubernetes_api import answered, client_settings

GROUP = "kops.k8s.io/instancegroup"


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
        nodes = core.list_node(
            label_selector=f"{GROUP} in ({', '.join(groups)})", _request_timeout=api_server_pods.TIMEOUT
        )
    except Exception as error:  # whatever urllib3 raises
        raise HostError(f"the cluster, asked to list nodes, {answered(error)}") from None
    started = api_server_pods.running(kubeconfig, api_server_pods.OF_KOPS)
    names = [str(node.metadata.name) for node in nodes.items]
    return {name: started.get(name) for name in names}
