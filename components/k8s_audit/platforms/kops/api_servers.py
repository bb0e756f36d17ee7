"""Which API servers the nodes of some instance groups run, as the cluster tells it.

kops labels each node with its group, and looks for each one's mirror pod when it validates a cluster:
https://github.com/kubernetes/kops/blob/v1.32.0/pkg/validation/validate_cluster.go
"""

from collections.abc import Sequence

from k8s_audit.delivery import api_server_pods
from k8s_audit.delivery.api_server_pods import OF_KOPS, Seen
from k8s_audit.errors import HostError
from k8s_audit.kubernetes_api import answered, client_settings, listed

GROUP = "kops.k8s.io/instancegroup"


def running(kubeconfig: str, groups: Sequence[str]) -> dict[str, Seen]:
    """The nodes of instance groups, each with its API server.

    Args:
        kubeconfig: path of one that may list nodes, and pods in kube-system.
        groups: names of instance groups.

    Raises:
        HostError: the cluster cannot be asked.
    """
    from kubernetes import client

    settings = client_settings(kubeconfig, HostError)
    try:
        with client.ApiClient(settings) as api:
            nodes = listed(api, "/api/v1/nodes", {"labelSelector": f"{GROUP} in ({', '.join(groups)})"})
    except Exception as error:  # whatever urllib3 raises
        raise HostError(f"the cluster, asked to list nodes, {answered(error)}") from None
    found = api_server_pods.running(kubeconfig, OF_KOPS)
    names = [str(node["metadata"]["name"]) for node in nodes]
    return {name: found.get(name, Seen()) for name in names}
