"""A kubeconfig as the Kubernetes client takes it. What is wrong with one is one message, which has nothing of its text."""

from typing import TYPE_CHECKING

from k8s_audit.errors import K8sAuditError

if TYPE_CHECKING:
    from kubernetes import client


def client_settings(
    kubeconfig: str, failure: type[K8sAuditError], called: str = "kubeconfig"
) -> "client.Configuration":
    """The client's settings for a kubeconfig's current context; a request that fails is not tried again.

    Args:
        kubeconfig: a path.
        failure: the error that is raised.
        called: what its message calls it.

    Raises:
        K8sAuditError: of that kind: it cannot be used.
    """
    from kubernetes import client, config

    settings = client.Configuration()
    try:
        config.load_kube_config(kubeconfig, client_configuration=settings)
    except Exception as error:  # the loader raises whatever its YAML, file and plug-ins raise
        kind = str(error) if isinstance(error, config.ConfigException) else type(error).__name__
        raise failure(f"{called} {kubeconfig} cannot be used: {kind.splitlines()[0]}") from None
    settings.retries = False
    return settings
