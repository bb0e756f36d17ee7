"""What `kubeadm init` does last for admin.conf: bind its group to cluster-admin, with super-admin.conf.

https://kubernetes.io/docs/setup/best-practices/certificates/#configure-certificates-for-user-accounts
"""

from pathlib import Path

from k8s_audit.errors import ToolError

GROUP = "kubeadm:cluster-admins"
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
    binding = client.V1ClusterRoleBinding(
        metadata=client.V1ObjectMeta(name=GROUP),
        role_ref=client.V1RoleRef(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name="cluster-admin"),
        subjects=[client.RbacV1Subject(api_group="rbac.authorization.k8s.io", kind="Group", name=GROUP)],
    )
    with client.ApiClient(settings) as connection:
        try:
            client.RbacAuthorizationV1Api(connection).create_cluster_role_binding(binding)
        except ApiException as error:
            if error.status != CONFLICT:
                raise ToolError(f"the administrators' role could not be bound: {error.status} {error.reason}") from None
        except Exception as error:  # whatever urllib3 raises
            raise ToolError(f"the administrators' role could not be bound: {type(error).__name__}") from None
