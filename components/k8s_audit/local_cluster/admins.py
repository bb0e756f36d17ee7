"""What `kubeadm init` does last for admin.conf: bind its group to cluster-admin, with super-admin.conf.

https://kubernetes.io/docs/setup/best-practices/certificates/#configure-certificates-for-user-accounts
"""

from pathlib import Path

from k8s_audit.errors import ToolError
from k8s_audit.kubernetes_api import answer_to

GROUP = "kubeadm:cluster-admins"
RBAC = "rbac.authorization.k8s.io"
CONFLICT = 409


def bind(super_admin: Path) -> None:
    """Make admin.conf's user an administrator, once.

    Args:
        super_admin: kubeadm's super-admin.conf.

    Raises:
        ToolError: the API server refuses.
    """
    from kubernetes import client, config
    from kubernetes.client.exceptions import ApiException

    settings = client.Configuration()
    config.load_kube_config(str(super_admin), client_configuration=settings)
    settings.proxy = None
    binding = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": GROUP},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": GROUP}],
    }
    with client.ApiClient(settings) as connection:
        try:
            answer_to(connection, "POST", f"/apis/{RBAC}/v1/clusterrolebindings", binding).accepted()
        except ApiException as error:
            if error.status != CONFLICT:
                raise ToolError(f"the administrators' role could not be bound: {error.status} {error.reason}") from None
        except Exception as error:  # whatever urllib3 raises
            raise ToolError(f"the administrators' role could not be bound: {type(error).__name__}") from None
